// Questions from inside a frame to the page around it.
let last = 0;
const waiting = new Map();

addEventListener('message', ({source, data}) => {
  if (source !== parent || !waiting.has(data?.id)) return;
  const {resolve, reject} = waiting.get(data.id);
  waiting.delete(data.id);
  if ('error' in data) reject(new Error(data.error));
  else resolve(data.result);
});

/** Say something to the page around and expect no answer. */
export function tell(kind, facts = {}) {
  parent.postMessage({kind, ...facts}, location.origin);
}

/** Ask the page around; resolves to its answer. */
export function ask(kind, facts = {}) {
  return new Promise((resolve, reject) => {
    const id = (last += 1);
    waiting.set(id, {resolve, reject});
    tell(kind, {id, ...facts});
  });
}
