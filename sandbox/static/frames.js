// The page around extension frames: mints tokens, follows links, writes to the clipboard, gives each frame its height.
// It stands in the head and is no module: a frame must not speak before it is listened to.

const answers = {
  async token() {
    const response = await fetch('/sandbox/tokens/shopper', {method: 'POST'});
    return (await response.json()).token;
  },
  async copy({text}) {
    await navigator.clipboard.writeText(text);
  },
  async open({address, blank}) {
    if (blank) window.open(here(address), '_blank', 'noopener');
    else location.assign(here(address));
  },
};

addEventListener('message', async ({source, data}) => {
  const frame = [...document.querySelectorAll('iframe[data-extension]')].find((one) => one.contentWindow === source);
  if (!frame || typeof data !== 'object' || data === null) return;
  if (data.kind === 'height') {
    frame.style.height = `${Math.ceil(data.height)}px`;
    return;
  }
  const answer = answers[data.kind];
  if (!answer) return;
  // The frame has no origin to name, so the answer can only be addressed to whoever is inside it.
  try {
    source.postMessage({id: data.id, result: await answer(data)}, '*');
  } catch (error) {
    source.postMessage({id: data.id, error: String(error)}, '*');
  }
});
