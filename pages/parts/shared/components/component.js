// A new element; `register_component` gives this to every component. Attributes: what begins with
// "on" is a function, and null or undefined stands for none.
const el = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made[key] = value;
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  // Safari leaves the keyboard where it was, and a clicked button should hear the arrow keys;
  // before what the click does, which may put the keyboard elsewhere
  if (name === "button")
    made.addEventListener("click", () => made.focus({ preventScroll: true }), { capture: true });
  return made;
};

// The key that was pressed, "" beside a modifier: Alt and an arrow is the browser's way back.
const keyOf = ({ altKey, ctrlKey, metaKey, key }) => (altKey || ctrlKey || metaKey ? "" : key);
