// Lists of entries inside a form: the server draws a new one; taking one away, what a choice asks for besides, and
// telling App Bridge and the preview that the list is another one now, happen here.
(() => {
  'use strict';

  const form = () => document.getElementById('settings');
  const rows = (list) => [...list.querySelectorAll('[data-row]')];

  /** The hidden input names the entries in their order; a change of it is what the save bar notices. */
  const tell = (list) => {
    const kept = list.querySelector('[data-keys]');
    kept.value = rows(list).map((row) => row.dataset.row).join(' ');
    kept.dispatchEvent(new Event('change', {bubbles: true}));
  };

  const first = (row) => row?.querySelector('summary, [data-remove]');

  const remove = (row) => {
    const list = row.closest('[data-list]');
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const name = row.querySelector('[data-name]')?.textContent ?? row.querySelector('[name]')?.value ?? '';
    row.remove();
    tell(list);
    const said = list.querySelector('[data-said]');
    said.textContent = said.dataset.said.replace('{}', name);
    (first(next) ?? list.querySelector('[data-add]')).focus();
  };

  document.addEventListener('click', (event) => {
    const button = event.composedPath().find((node) => node instanceof Element && node.hasAttribute('data-remove'));
    if (button) remove(button.closest('[data-row]'));
  });

  document.addEventListener('htmx:after:swap', ({detail: {ctx}}) => {
    const list = ctx.sourceElement?.closest?.('[data-add]')?.closest('[data-list]');
    if (list) {
      tell(list);
      rows(list).at(-1)?.querySelector('[name]:not([type=hidden])')?.focus();
    }
    suit();
  });

  // --- an entry is called by what is typed into it --------------------------------------------------------------

  document.addEventListener('input', ({target}) => {
    const name = target.closest?.('[data-row]')?.querySelector('[data-name]');
    if (name && target.getAttribute('name') === name.dataset.name && target.value) name.textContent = target.value;
  });

  // --- what is asked for only by a certain choice ----------------------------------------------------------------

  function suit() {
    if (!form()) return;
    const now = new FormData(form());
    for (const place of form().querySelectorAll('[data-when]')) {
      place.hidden = now.get(place.dataset.when) !== place.dataset.is;
      place.querySelector('[name]').toggleAttribute('disabled', place.hidden);
    }
  }

  document.addEventListener('change', ({target}) => {
    if (target.closest?.('#settings')) suit();
  });

  // --- discarding: what was taken away, and what a refusal has drawn anew, only the server still knows ------------

  const isOther = (list) => {
    const kept = list.querySelector('[data-keys]');
    return rows(list).map((row) => row.dataset.row).join(' ') !== kept.defaultValue;
  };

  document.addEventListener('reset', ({target}) => {
    if (target !== form()) return;
    const lost = target.querySelector('[data-typed]') || [...target.querySelectorAll('[data-list]')].some(isOther);
    setTimeout(async () => {
      suit();
      if (lost) await htmx.ajax('GET', target.action, {target: '#fields', select: '#fields', swap: 'outerHTML'});
      document.getElementById('preview')?.dispatchEvent(new CustomEvent('refresh'));
    });
  });

  document.addEventListener('DOMContentLoaded', suit);
})();
