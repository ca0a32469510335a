// Elements of the page, and the data that it carries. All text is set by textContent.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// The data: base64 of gzip of JSON. A browser without DecompressionStream keeps what needs no script.
let unpacked;
const data = () => (unpacked ??= unpack());
async function unpack() {
  const text = atob(document.getElementById("packed").textContent);
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
