// `npm run mint`: `ams mint` at the AMS that runs from this folder, with its demo account unless
// another is given.
import { becomeAms } from "./ams.mjs";
import { demoAccount, runningUrl } from "./running.mjs";

const { AMS_URL, AMS_CREDENTIAL, AMS_PROFILE } = process.env;
const isAnothers = Boolean(AMS_URL || AMS_CREDENTIAL || AMS_PROFILE);
const demo = isAnothers ? null : demoAccount();
if (demo !== null) {
  process.env.AMS_URL = runningUrl();
  process.env.AMS_CREDENTIAL = demo.credential;
}
await becomeAms("mint");
