// npm as it was called, or the one on the PATH.

/** The command and its first arguments. @returns {[string, string[]]} */
export function npmCommand() {
  const script = process.env.npm_execpath ?? "";
  return script.endsWith("npm-cli.js") ? [process.execPath, [script]] : ["npm", []];
}
