// What is pasted goes into the uploader's own input, as if it had been chosen there.
const UPLOADER = "[data-testid=stFileUploaderDropzoneInput]";
const TEXT = "textarea, [contenteditable=true], input:not([type=file])";

export default function ({ parentElement }) {
  if (/Mac/.test(navigator.platform)) parentElement.querySelector("kbd").textContent = "⌘";
  // a call is replaced without its end being told, as when the theme changes
  parentElement.listener?.abort();
  const listener = (parentElement.listener = new AbortController());
  const take = (event) => {
    const { files } = event.clipboardData;
    const input = document.querySelector(UPLOADER);
    if (!files.length || !input || event.target.closest?.(TEXT)) return;
    event.preventDefault();
    input.files = files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("paste", take, { signal: listener.signal });
  return () => listener.abort();
}
