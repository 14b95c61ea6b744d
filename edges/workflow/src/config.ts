/** What the environment sets for the workflow edge. */
import { DID_WEB_SETTINGS, JOURNAL_SETTINGS, readSpaceConfig, type SpaceConfig } from "@ams/edge";
import { type Checked, type Environment, integer, readSettings, secretText } from "@ams/process";

export const WORKFLOW_SETTINGS = {
  ...JOURNAL_SETTINGS,
  AMS_WORKFLOW_SECRET: secretText(
    "64 hex digits, several separated by commas: the keys of workflow conversations are made of the first, older ones keep theirs. Needed with Redis; in a folder it is made there.",
  ),
  AMS_WORKFLOW_CREDENTIAL: secretText(
    "Credential of the account by which the service joins conversations; the link's guest unless given.",
  ),
  AMS_WORKFLOW_WRITES_PER_MINUTE: integer(6_000, "Writes of one account a minute; 0 is off."),
  AMS_WORKFLOW_SPACES_PER_ACCOUNT: integer(
    1_000,
    "Workflow conversations that one account may open within a day; 0 is off.",
  ),
  ...DID_WEB_SETTINGS,
};

export type WorkflowConfig = SpaceConfig;

/** The settings, or every fault at once. */
export function readWorkflow(environment: Environment): Checked<WorkflowConfig> {
  const read = readSettings(WORKFLOW_SETTINGS, environment);
  if (!read.ok) return read;
  const own = read.value;
  return readSpaceConfig("workflow", environment, {
    ...own,
    credential: own.AMS_WORKFLOW_CREDENTIAL,
    writesPerMinute: own.AMS_WORKFLOW_WRITES_PER_MINUTE,
    spacesPerAccount: own.AMS_WORKFLOW_SPACES_PER_ACCOUNT,
  });
}
