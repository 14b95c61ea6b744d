// `npm run mint`: mints a conversation and prints its magic link. With the demo account of `npm start` unless told otherwise.
import { parseArgs } from "node:util";
import { amsUrl, demoAccount, EXIT_USAGE, fail, post } from "./wire-client.mjs";

const USAGE = `npm run mint -- [options]

  --alias <alias>          the conversation's name; made up unless given
  --namespace <namespace>  sign up for this namespace first, and print its credential on stderr (once);
                           with AMS_CREDENTIAL in the environment: mint in this namespace of yours
  --expires-in-s <s>       the link admits nobody after this many seconds
  --max-joins <n>          the link admits this many streams
  --json                   print the whole answer instead of the link

  AMS_URL                  where AMS is, unless it runs from this folder`;

const OPTIONS = {
  alias: { type: "string" },
  namespace: { type: "string" },
  "expires-in-s": { type: "string" },
  "max-joins": { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

const options = readOptions();
const { namespace, credential } = await account();
const wish = {
  ...(options.alias && { alias: options.alias }),
  ...(options["expires-in-s"] && { expires_in_s: Number(options["expires-in-s"]) }),
  ...(options["max-joins"] && { max_joins: Number(options["max-joins"]) }),
};
const { parsed, text } = await post(`${amsUrl()}/v1/${namespace}/conversations`, wish, credential);
process.stdout.write(`${options.json ? text : parsed.magic_link}\n`);

function readOptions() {
  try {
    const { values } = parseArgs({ options: OPTIONS, allowPositionals: false });
    if (!values.help) return values;
    process.stdout.write(`${USAGE}\n`);
    return process.exit(0);
  } catch (error) {
    return fail(EXIT_USAGE, `${error.message}\n\n${USAGE}`);
  }
}

/** Whose conversation it is to be: an account given in the environment, a new one, or the demo's. */
async function account() {
  const { AMS_CREDENTIAL: given, AMS_INVITE: invite } = process.env;
  if (given) {
    if (options.namespace) return { namespace: options.namespace, credential: given };
    return fail(EXIT_USAGE, "AMS_CREDENTIAL needs --namespace, the namespace that it is of.");
  }
  if (options.namespace) return signUp(options.namespace, invite);
  const demo = demoAccount();
  if (demo !== null) return demo;
  return fail(
    EXIT_USAGE,
    "There is no demo account here: run npm start first, or sign up with --namespace <yours>.",
  );
}

async function signUp(wanted, invite) {
  const body = { namespace: wanted, ...(invite && { invite }) };
  const { parsed } = await post(`${amsUrl()}/v1/accounts`, body);
  process.stderr.write(
    `Signed up as ${wanted}. Keep this credential, it is not shown again:\n  ${parsed.credential}\n` +
      `To mint with it: AMS_CREDENTIAL=… npm run mint -- --namespace ${wanted}\n`,
  );
  return parsed;
}
