// What `npm run build` makes of extensions/: the app's address as a module, one bundle for each target of the checkout
// and account extensions, the storefront's loader, and htmx with its licence on top. Shopify's own command line bundles
// the same sources, so nothing here may be needed to understand them but the address, which is missing until this ran.
import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const extensions = join(root, 'extensions');
const shape = {bundle: true, minify: true, format: 'esm', target: 'es2020', legalComments: 'none'};

await writeAddress();
await Promise.all([bundle('checkout'), bundle('account'), loader(), htmx()]);

async function writeAddress() {
  const config = await readFile(join(root, 'shopify.app.toml'), 'utf8');
  const address = /^application_url\s*=\s*"(https?:\/\/[^"\s/]+)\/?"/m.exec(config)?.[1];
  if (!address) throw new Error('shopify.app.toml names no application_url: an origin such as https://app.example.com.');
  await put(
    join(extensions, 'shared', 'address.ts'),
    `// Made by npm run build out of application_url in shopify.app.toml.\nexport const ADDRESS = '${address}';\n`,
  );
}

async function bundle(name) {
  const folder = join(extensions, name);
  const config = await readFile(join(folder, 'shopify.extension.toml'), 'utf8');
  const modules = [...config.matchAll(/^module\s*=\s*"(.+)"/gm)].map(([, path]) => join(folder, path));
  const jsx = {jsx: 'automatic', jsxImportSource: 'preact'};
  await made({...jsx, entryPoints: modules, outdir: join(folder, 'dist')});
}

async function loader() {
  const outfile = join(extensions, 'theme', 'assets', 'dankbar.js');
  await made({entryPoints: [join(extensions, 'storefront', 'dankbar.ts')], outfile});
}

// Shopify refuses a text file among a theme extension's assets, so the licence travels inside. The line that makes
// htmx a global is left out: a theme may have an htmx of its own under that name.
async function htmx() {
  const folder = join(root, 'node_modules', 'htmx.org');
  const [script, licence, about] = await Promise.all(
    ['dist/htmx.esm.min.js', 'LICENSE', 'package.json'].map((path) => readFile(join(folder, path), 'utf8')),
  );
  const quiet = script.replace('"undefined"!=typeof window&&(window.htmx=htmx);', '');
  if (quiet === script) throw new Error('This htmx takes its global name in another way: tools/build-extensions.mjs.');
  const banner = `/*! htmx ${JSON.parse(about).version}\n${licence.trim().replaceAll('*/', '* /')}\n*/\n`;
  await put(join(extensions, 'theme', 'assets', 'htmx.min.js'), banner + quiet);
}

async function made(options) {
  const {outputFiles} = await build({...shape, logLevel: 'warning', write: false, ...options});
  await Promise.all(outputFiles.map(({path, contents}) => put(path, contents)));
}

// A file that is as it should be is left alone, and one that is not is replaced as a whole: somebody may be reading it.
async function put(path, contents) {
  const there = await readFile(path).catch(() => null);
  if (there?.equals(Buffer.from(contents))) return;
  await mkdir(dirname(path), {recursive: true});
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, contents);
  await rename(beside, path);
}
