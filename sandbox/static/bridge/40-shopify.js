// What the app's own script sees.
const key = document.querySelector('meta[name=shopify-api-key]')?.content ?? script.dataset.apiKey;
let toasts = 0;

window.shopify = {
  config: {
    apiKey: key,
    shop: shopDomain,
    host: query.get('host') ?? '',
    locale: query.get('locale') ?? 'de',
    appOrigins: [],
    disabledFeatures: [],
  },
  environment: {embedded: framed, mobile: false, pos: false},
  idToken: () => ask('token'),
  app: {extensions: () => ask('extensions')},
  scopes: {request: (scopes) => ask('scopes', {scopes})},
  saveBar,
  toast: {
    show(text, {duration, isError} = {}) {
      tell('toast', {text, duration, isError: Boolean(isError)});
      return `toast-${(toasts += 1)}`;
    },
    hide() {},
  },
  loading: (on = true) => tell('loading', {on}),
};

// A document that came without a good token brings itself again with one.
const again = query.get('shopify-reload');
if (again) {
  const url = new URL(again, location.href);
  if (url.origin === location.origin) {
    window.shopify.idToken().then((token) => {
      url.searchParams.set('id_token', token);
      location.replace(url);
    });
  }
}
