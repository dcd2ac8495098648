// The save bar: shown while a form marked `data-save-bar` differs from what it was, or on request.
const dirty = new Set();
const barName = (form) => form.id || 'form';

function watchForm(event) {
  const form = event.target?.form ?? event.target?.closest?.('form');
  if (!form?.hasAttribute('data-save-bar') || dirty.has(form)) return;
  dirty.add(form);
  tell('bar', {of: barName(form)});
}

document.addEventListener('input', watchForm, true);
document.addEventListener('change', watchForm, true);

const hideBar = (id) => {
  for (const form of dirty) if (!id || barName(form) === id) dirty.delete(form);
  tell('bar', {of: null});
};

document.addEventListener('reset', ({target}) => dirty.has(target) && hideBar(barName(target)));

heard['save-bar'] = ({deed, of}) => {
  const form = [...dirty].find((one) => barName(one) === of && one.isConnected);
  const bar = document.getElementById(of);
  if (form) {
    if (deed === 'save') form.requestSubmit();
    else form.reset();
  } else if (bar?.localName === 'ui-save-bar') {
    bar.querySelector(deed === 'save' ? 'button[variant=primary]' : 'button:not([variant])')?.click();
  } else {
    tell('bar', {of: null});
  }
};

const saveBar = {
  show: async (id) => tell('bar', {of: id}),
  hide: async (id) => hideBar(id),
  toggle: async (id) => (dirty.size ? hideBar(id) : tell('bar', {of: id})),
  leaveConfirmation: async () => {
    await ask('leave');
    dirty.clear();
  },
};
