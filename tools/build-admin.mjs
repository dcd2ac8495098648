// What the admin serves besides its own files: htmx with its licence on top, and the style sheet that storefronts show
// the widgets in, so that a preview looks as they do.
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vendor = join(root, 'plugin', 'static', 'vendor');
const htmx = join(root, 'node_modules', 'htmx.org');

await mkdir(vendor, {recursive: true});
const [script, licence, about] = await Promise.all(
  ['dist/htmx.min.js', 'LICENSE', 'package.json'].map((path) => readFile(join(htmx, path), 'utf8')),
);
const banner = `/*! htmx ${JSON.parse(about).version}\n${licence.trim().replaceAll('*/', '* /')}\n*/\n`;
await writeFile(join(vendor, 'htmx.min.js'), banner + script.replace(/\n?\/\/# sourceMappingURL=.*\n?$/, '\n'));
await writeFile(
  join(vendor, 'dankbar.css'),
  await readFile(join(root, 'extensions', 'theme', 'assets', 'dankbar.css'), 'utf8'),
);
