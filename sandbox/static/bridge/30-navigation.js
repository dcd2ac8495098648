// Where the app is, and where it wants to go: the admin's own address follows it, its links stand beside the frame.
const shopDomain = query.get('shop') ?? '';

const place = () => tell('at', {path: location.pathname});

for (const name of ['pushState', 'replaceState']) {
  const real = history[name].bind(history);
  history[name] = (...facts) => {
    real(...facts);
    place();
  };
}
window.addEventListener('popstate', place);

/** An address of the shop's admin, as this machine has it: there is no name server for the shop's own domain. */
function ofAdmin(address) {
  const url = new URL(address, location.href);
  const handle = shopDomain.replace('.myshopify.com', '');
  if (url.host === shopDomain) return admin + url.pathname + url.search;
  if (url.host === 'admin.shopify.com') return `${admin}/admin${url.pathname.replace(`/store/${handle}`, '')}${url.search}`;
  if (url.protocol === 'shopify:') return `${admin}/${url.pathname}${url.search}`;
  return null;
}

document.addEventListener('click', (event) => {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement && node.href);
  const address = link && ofAdmin(link.href);
  if (!address) return;
  event.preventDefault();
  if (link.target === '_blank') window.open(address, '_blank', 'noopener');
  else tell('go', {address});
}, true);

function listLinks() {
  const links = [...document.querySelectorAll('s-app-nav > [href], ui-nav-menu > [href]')];
  if (!links.length) return;
  tell('nav', {
    links: links.map((link) => ({
      text: link.textContent.trim(),
      href: link.getAttribute('href'),
      home: link.getAttribute('rel') === 'home',
    })),
  });
}

heard.navigate = ({href}) => {
  const link = [...document.querySelectorAll('s-app-nav > [href]')].find((one) => one.getAttribute('href') === href);
  const event = new CustomEvent('shopify:navigate', {bubbles: true, cancelable: true});
  if ((link ?? document).dispatchEvent(event)) location.assign(href);
};

customElements.define('s-app-nav', class extends HTMLElement {
  connectedCallback() {
    this.style.display = 'none';
  }
});

window.addEventListener('sandbox:admin', () => {
  place();
  listLinks();
});

document.addEventListener('DOMContentLoaded', () => {
  place();
  listLinks();
  new MutationObserver(listLinks).observe(document.querySelector('s-app-nav') ?? document.head, {childList: true, subtree: true});
});
