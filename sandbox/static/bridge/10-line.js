// A stand-in for Shopify's App Bridge: `window.shopify`, answered by the admin around the frame.
// The admin is where this script came from; to anybody else nothing is said.
const script = document.currentScript;
const admin = new URL(script.src).origin;
const query = new URLSearchParams(location.search);
const framed = window.parent !== window;
const asked = new Map();
let lastQuestion = 0;

const tell = (kind, facts = {}) => framed && window.parent.postMessage({kind, ...facts}, admin);

/** Ask the admin, for a minute at most; what was asked before it was there is asked again when it says hello. */
function ask(kind, facts = {}) {
  if (!framed) return Promise.reject(new Error('App Bridge answers inside the Shopify admin only.'));
  const id = `${Date.now()}-${(lastQuestion += 1)}`;
  return new Promise((resolve, reject) => {
    const say = () => tell(kind, {id, ...facts});
    asked.set(id, {resolve, reject, say});
    setTimeout(() => asked.delete(id) && reject(new Error('The admin does not answer.')), 60_000);
    say();
  });
}

let knocking = setInterval(() => tell('hi'), 100);

const heard = {
  hello() {
    if (!knocking) return;
    clearInterval(knocking);
    knocking = 0;
    asked.forEach(({say}) => say());
    window.dispatchEvent(new Event('sandbox:admin'));
  },
};

tell('hi');

window.addEventListener('message', ({source, origin, data}) => {
  if (source !== window.parent || origin !== admin || !data) return;
  const question = asked.get(data.id);
  if (question) {
    asked.delete(data.id);
    if ('error' in data) question.reject(new Error(data.error));
    else question.resolve(data.result);
    return;
  }
  heard[data.kind]?.(data);
});
