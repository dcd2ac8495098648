// The admin's own script: Shopify's token on every request, pages swapped instead of loaded, the save bar, and what
// only App Bridge knows. Everything works on without App Bridge, as far as it can.
(() => {
  'use strict';

  const RETRY = 'X-Shopify-Retry-Invalid-Session-Request';
  const byId = (id) => document.getElementById(id);

  // --- the token: asked for anew before each request, once more where the server says it was too old ------------

  const once = async (address, request) => {
    const headers = new Headers(request.headers);
    const token = await window.shopify?.idToken?.();
    if (token) headers.set('Authorization', `Bearer ${token}`);
    return fetch(address, {...request, headers});
  };

  const ask = async (address, request) => {
    const answer = await once(address, request);
    return answer.status === 401 && answer.headers.has(RETRY) ? once(address, request) : answer;
  };

  document.addEventListener('htmx:config:request', ({detail}) => {
    detail.ctx.fetch = ask;
  });

  // --- pages: links inside the app swap the page, and stay where they are when something is not saved -----------

  const isPage = (url) =>
    url.origin === location.origin && (url.pathname === '/' || /^\/admin(\/|$)/.test(url.pathname));

  const isElsewhere = (link) => ['_top', '_blank', '_parent'].includes(link.getAttribute('target'));

  const open = async (url) => {
    try {
      await window.shopify?.saveBar?.leaveConfirmation?.();
    } catch {
      return;
    }
    window.shopify?.loading?.(true);
    await htmx.ajax('GET', url.pathname + url.search, {target: '#page', swap: 'outerHTML', push: 'true'});
    window.shopify?.loading?.(false);
    if (url.hash) reveal(byId(url.hash.slice(1)));
  };

  document.addEventListener('shopify:navigate', (event) => {
    const href = event.target?.getAttribute?.('href');
    const url = href && new URL(href, location.href);
    if (!url || !isPage(url)) return;
    event.preventDefault();
    open(url);
  });

  document.addEventListener('click', (event) => {
    const path = event.composedPath().filter((node) => node instanceof Element);
    const link = path.find((node) => node.hasAttribute('href'));
    if (path.some((node) => node.hasAttribute('data-preview'))) {
      if (link || path.some((node) => node.localName === 'button')) event.preventDefault();
      return;
    }
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || event.defaultPrevented || !isPlain || path.some(isElsewhere)) return;
    const href = link.getAttribute('href');
    if (/^#(field|row)-/.test(href)) {
      event.preventDefault();
      reveal(byId(href.slice(1)));
    }
    if (!href || href.startsWith('#')) return;
    const url = new URL(href, location.href);
    if (!isPage(url)) return;
    event.preventDefault();
    open(url);
  });

  // --- a permission that only some need is asked for where it is missing ----------------------------------------

  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-scope]');
    if (!button) return;
    const answer = await window.shopify?.scopes?.request?.([button.dataset.scope]);
    if (answer?.result === 'granted-all') button.closest('s-banner').hidden = true;
  });

  /** Brings what a message points at into sight, out of a closed entry too. */
  const reveal = (place) => {
    const details = place?.closest('details') ?? place?.querySelector('details');
    if (details) details.open = true;
    place?.scrollIntoView({block: 'center'});
    place?.focus({preventScroll: true});
  };

  document.addEventListener('submit', (event) => {
    if (event.target.closest?.('[data-preview]')) event.preventDefault();
  }, true);

  let shown = null;
  const settle = () => {
    const page = byId('page');
    if (!page || page === shown) return;
    if (shown) {
      window.scrollTo(0, 0);
      page.focus({preventScroll: true});
    }
    shown = page;
    document.title = page.dataset.title || 'Dankbar';
    lookForBlocks();
  };

  // --- forms: the bar goes once everything is stored, and stays as long as something is wrong -------------------

  const saved = (form) => {
    form.reset();
    window.shopify?.saveBar?.hide?.(form.id)?.catch?.(() => {});
  };

  /** What an answer wants to be read first is led to, once. */
  const led = new WeakSet();
  const lead = () => {
    for (const place of document.querySelectorAll('[data-focus]')) {
      if (!led.has(place)) place.focus();
      led.add(place);
    }
  };

  document.addEventListener('htmx:after:swap', ({detail: {ctx}}) => {
    settle();
    const form = byId('settings');
    if (form && ctx.sourceElement === form && [200, 409].includes(ctx.response.status)) saved(form);
    lead();
  });

  document.addEventListener('htmx:after:request', ({detail: {ctx}}) => {
    const text = ctx.response.headers.get('Dankbar-Toast');
    if (text) window.shopify?.toast?.show?.(decodeURIComponent(text));
    const address = ctx.response.headers.get('Dankbar-Open');
    if (address) window.open(address, '_top');
  });

  // --- a question that is answered with no, by its button or Escape, goes, and whoever asked is where they were ----

  const leave = (question) => {
    const place = byId(question.dataset.back);
    question.remove();
    place?.querySelector('s-button')?.focus();
  };

  document.addEventListener('click', ({target}) => {
    const question = target.closest?.('[data-no]')?.closest('[data-back]');
    if (question) leave(question);
  });
  document.addEventListener('keydown', ({key, target}) => {
    const question = key === 'Escape' && target.closest?.('[data-back]');
    if (question) leave(question);
  });

  // --- what did not work is said above the page and stays until something works ---------------------------------

  const problem = (text) => {
    const place = byId('problem-text');
    place.textContent = text || place.dataset.otherwise;
    byId('problem').hidden = false;
    window.shopify?.loading?.(false);
  };

  document.addEventListener('htmx:before:request', () => {
    byId('problem').hidden = true;
  });
  document.addEventListener('htmx:error', () => problem());
  document.addEventListener('htmx:response:error', ({detail: {ctx}}) => {
    if ([409, 422].includes(ctx.response.status)) return;
    const told = new DOMParser().parseFromString(ctx.text, 'text/html').querySelector('[data-problem]');
    problem(told?.textContent);
  });

  // --- downloads: a link would come without the token, so the file is fetched and handed over as a blob -----------

  const download = async (address) => {
    window.shopify?.loading?.(true);
    byId('problem').hidden = true;
    try {
      const answer = await ask(address, {method: 'GET', headers: {Accept: 'text/csv'}});
      if (!answer.ok) throw new Error(String(answer.status));
      const file = URL.createObjectURL(await answer.blob());
      const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1];
      Object.assign(document.createElement('a'), {href: file, download: name ?? 'dankbar.csv'}).click();
      setTimeout(() => URL.revokeObjectURL(file), 60_000);
      window.shopify?.loading?.(false);
    } catch {
      problem();
    }
  };

  document.addEventListener('click', (event) => {
    const button = event.composedPath().find((node) => node instanceof Element && node.dataset.download);
    if (button) download(button.dataset.download);
  });

  // --- blocks: App Bridge alone knows which stand in the published theme and on checkout pages -------------------

  const isPlaced = ({block, target}, extensions) =>
    extensions.some(({type, activations}) =>
      (activations ?? []).some((one) =>
        type === 'theme_app_extension'
          ? block && one.handle === block && (one.status === 'active' || one.activations?.length > 0)
          : target && one.target === target,
      ),
    );

  async function lookForBlocks() {
    const rows = [...document.querySelectorAll('[data-placement]')];
    if (!rows.length) return;
    let extensions = null;
    try {
      extensions = await window.shopify.app.extensions();
    } catch {
      extensions = null;
    }
    for (const row of rows) {
      if (!Array.isArray(extensions)) row.dataset.state = 'unknown';
      else row.dataset.state = isPlaced(row.dataset, extensions) ? 'placed' : 'missing';
    }
    const step = document.querySelector('[data-step=placed]');
    if (step && rows.every((row) => row.dataset.state === 'placed')) step.dataset.state = 'done';
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', settle);
  else settle();
})();
