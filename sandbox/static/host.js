// The admin around the embedded app: what App Bridge asks of it.
const frame = document.getElementById('app');
const app = new URL(frame.dataset.app).origin;
const {base} = frame.dataset;
const bar = document.getElementById('save-bar');
const nav = document.getElementById('app-nav');
let barOf = null;

const send = (message) => frame.contentWindow.postMessage(message, app);

const json = async (address, method = 'GET') => (await fetch(address, {method})).json();

function showBar(id) {
  barOf = id;
  bar.hidden = id === null;
}

for (const button of bar.querySelectorAll('[data-save-bar]')) {
  button.addEventListener('click', () => send({kind: 'save-bar', deed: button.dataset.saveBar, of: barOf}));
}

function toast({text, isError, duration}) {
  const note = document.createElement('div');
  note.className = isError ? 'toast error' : 'toast';
  note.textContent = text;
  document.getElementById('toasts').append(note);
  setTimeout(() => note.remove(), duration ?? 5000);
}

/** The app's links below its name, as Shopify lists them; the home link is the name itself. */
function list(links) {
  for (const old of nav.querySelectorAll('.sub')) old.remove();
  for (const {text, href, home} of links) {
    if (home) continue;
    const item = document.createElement('li');
    item.className = 'sub';
    const link = document.createElement('a');
    const url = new URL(href, app);
    link.href = base + url.pathname;
    link.textContent = text;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      send({kind: 'navigate', href});
    });
    item.append(link);
    nav.append(item);
  }
  mark(location.pathname);
}

function mark(path) {
  const links = [...nav.querySelectorAll('a')];
  const found = links.findLast(({pathname}) => pathname === path) ?? links[0];
  for (const link of links) link.toggleAttribute('aria-current', link === found);
  found.setAttribute('aria-current', 'page');
}

const leaving = document.getElementById('leave');

const answers = {
  hi: () => send({kind: 'hello'}),
  token: async () => (await json('/sandbox/tokens/admin', 'POST')).token,
  scopes: ({scopes}) =>
    // The one question that Shopify puts in a window of its own.
    confirm(`${document.title}: ${scopes.join(', ')}?`)
      ? json(`/sandbox/scopes?${new URLSearchParams({scopes})}`, 'POST')
      : {result: 'declined-all'},
  extensions: () => json('/sandbox/app-extensions'),
  leave: () =>
    new Promise((resolve, reject) => {
      if (barOf === null) return resolve();
      leaving.returnValue = 'stay';
      leaving.showModal();
      leaving.onclose = () => {
        if (leaving.returnValue !== 'leave') return reject(new Error('The person stays.'));
        showBar(null);
        return resolve();
      };
    }),
  bar: ({of}) => showBar(of),
  toast,
  nav: ({links}) => list(links),
  loading: ({on}) => (document.getElementById('loading').hidden = !on),
  at({path}) {
    const here = path === '/' ? '/admin' : base + path;
    if (here !== location.pathname) history.replaceState(null, '', here);
    mark(here);
  },
  go: ({address}) => location.assign(address),
};

addEventListener('message', async ({source, origin, data}) => {
  if (source !== frame.contentWindow || origin !== app || !answers[data?.kind]) return;
  try {
    const result = await answers[data.kind](data);
    if (data.id) send({id: data.id, result});
  } catch (error) {
    if (data.id) send({id: data.id, error: String(error)});
  }
});
