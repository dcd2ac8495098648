// This machine has no name server for the shop's own domain: links that lead there lead to the sandbox.
const {domain} = document.currentScript.dataset;

/** The address here of an address in the shop; any other stays what it is. */
function here(address) {
  const url = new URL(address, location.href);
  if (url.host !== domain) return url.href;
  return location.origin + url.pathname + url.search + url.hash;
}

document.addEventListener('click', (event) => {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (link?.host === domain) link.href = here(link.href);
}, true);
