/** The rights of the wire's user of Redis, as docs/OPERATIONS.md lists them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";

const OPERATIONS = readFileSync(join(repositoryRoot(), "docs", "OPERATIONS.md"), "utf8");

/** What follows the keys and channels in the example of an ACL file. */
export const RIGHTS: readonly string[] = (
  /^user wire on >\S+ ~ams:\* &ams:\* ([^\n]*)$/m.exec(OPERATIONS)?.[1] ?? ""
).split(" ");
