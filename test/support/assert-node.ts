/** The head of every test set-up: an older Node fails here with one clear line, not somewhere inside a suite. */
const oldest = { major: 24, minor: 15 };

export function setup(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return;
  throw new Error(
    `millrace needs Node >= ${oldest.major}.${oldest.minor}, this is ${process.versions.node} (${process.execPath}). ` +
      "Run it through npm, e.g. `npm test`: its scripts use the Node that `npm install` put into node_modules/.bin.",
  );
}
