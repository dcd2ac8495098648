// Shopify's theme check over the theme extension in the folder given; exit 1 with one line per offence.
// The checker asks the network for newer documentation first. It is kept to what the pinned package ships, so that
// the same commit gets the same verdict on every day and without a connection.
import https from 'node:https';
import {relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

https.request = () => {
  throw new Error('theme check uses the documentation in its own package');
};
const {themeCheckRun} = await import('@shopify/theme-check-node');

const folder = process.argv[2];
if (!folder) {
  console.error('Usage: node tools/theme-check.mjs FOLDER');
  process.exit(2);
}
const {offenses, theme} = await themeCheckRun(resolve(folder), 'theme-check:theme-app-extension');
for (const {check, message, start, uri} of offenses) {
  console.error(`${relative('.', fileURLToPath(uri))}:${start.line + 1}: ${message} (${check})`);
}
if (theme.length === 0) {
  console.error(`${folder} holds no theme file.`);
}
process.exit(offenses.length || theme.length === 0 ? 1 : 0);
