// Runs the extension's built bundle as it is: gives it `shopify`, a fetch that finds the app, and a height.
import {ask, tell} from './ask.js';

const facts = JSON.parse(document.getElementById('facts').textContent);
const {locale, words, constantAddress, appAddress, signals} = facts;

const realFetch = window.fetch.bind(window);
window.fetch = (resource, options) => {
  if (typeof resource === 'string' && resource.startsWith('shopify://customer-account/')) return account();
  const known = typeof resource === 'string' && resource.startsWith(constantAddress);
  return realFetch(known ? appAddress + resource.slice(constantAddress.length) : resource, options);
};

/** The one thing that is asked of the Customer Account API, answered from what this page was given. */
function account() {
  const metafield = facts.points === null ? null : {value: facts.points};
  return Promise.resolve(new Response(JSON.stringify({data: {customer: {metafield}}})));
}

function text(key, given = {}) {
  let found = key.split('.').reduce((tree, part) => tree?.[part], words);
  if (found && typeof found === 'object') found = found[new Intl.PluralRules(locale).select(given.count)] ?? found.other;
  if (typeof found !== 'string') return key;
  return found.replace(/{{\s*(\w+)\s*}}/g, (_, name) => String(given[name] ?? ''));
}

window.shopify = {
  extension: {...facts.extension, editor: facts.extension.editor ?? undefined, capabilities: {current: ['network_access']}},
  shop: facts.shop,
  sessionToken: {get: () => ask('token')},
  i18n: {
    translate: text,
    formatNumber: (number, options) => new Intl.NumberFormat(locale, options).format(number),
    formatCurrency: (number, options) =>
      new Intl.NumberFormat(locale, {style: 'currency', currency: facts.currency, ...options}).format(number),
    formatDate: (date, options) => new Intl.DateTimeFormat(locale, options).format(date),
  },
  /** The bundle brings its own class of signals; everything an extension subscribes to is made with it. */
  setSignals(Signal) {
    const signal = (value) => new Signal(value ?? undefined);
    const language = {isoCode: locale, name: locale};
    Object.assign(window.shopify, {
      ...Object.fromEntries(Object.entries({order: null, orderConfirmation: null, ...signals}).map(([k, v]) => [k, signal(v)])),
      localization: {
        language: signal(language),
        extensionLanguage: signal(language),
        country: signal({isoCode: 'DE'}),
        currency: signal({isoCode: facts.currency}),
        timezone: signal('Europe/Berlin'),
      },
    });
  },
};

new ResizeObserver(() => {
  const {height} = document.body.getBoundingClientRect();
  if (height > 8) tell('height', {height});
}).observe(document.body);

const {default: extension} = await import(facts.bundle);
await extension();
