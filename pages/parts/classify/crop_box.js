const WIDEST = 280; // pixels, and the height of the highest picture
const HIGHEST = 420;
const LEAST = 0.05; // of an edge: a smaller box is a click

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".crop");
  const [photo, image, found, dragged, mark, whole] = [
    ".photo", "img", ".found", ".dragged", ".mark", ".whole",
  ].map((name) => root.querySelector(name));
  const place = (element, box) => {
    element.hidden = !box;
    if (!box) return;
    const [left, top, right, bottom] = box.map((share) => 100 * share + "%");
    Object.assign(element.style, { left, top });
    element.style.width = `calc(${right} - ${left})`;
    element.style.height = `calc(${bottom} - ${top})`;
  };
  const setMarking = (on) => {
    root.classList.toggle("marking", on);
    mark.setAttribute("aria-pressed", String(on));
    mark.textContent = on ? "Drag a box over the picture" : "Mark another part";
  };
  if (image.src !== data.picture) {
    image.src = data.picture;
    setMarking(false);
  }
  photo.style.width = Math.min(WIDEST, HIGHEST * data.ratio) + "px";
  whole.hidden = !data.crop;
  place(found, data.found);
  place(dragged, null);

  let [start, pointer] = [null, null];
  const at = (event) => {
    const { left, top, width, height } = image.getBoundingClientRect();
    const within = (share) => Math.min(1, Math.max(0, share));
    return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
  };
  const box = (event) => {
    const [x, y] = at(event);
    return [
      Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1]),
    ];
  };
  const stop = () => {
    start = null;
    place(dragged, null);
  };
  photo.onpointerdown = (event) => {
    if (event.pointerType !== "mouse" && !root.classList.contains("marking")) return;
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    photo.setPointerCapture(event.pointerId);
    start = at(event);
    pointer = event.pointerId;
  };
  photo.onpointermove = (event) => {
    if (start && event.pointerId === pointer) place(dragged, box(event));
  };
  photo.onpointerup = (event) => {
    if (!start || event.pointerId !== pointer) return; // a palm, a second finger
    const chosen = box(event);
    stop();
    if (chosen[2] - chosen[0] < LEAST || chosen[3] - chosen[1] < LEAST) return;
    place(found, chosen);
    setMarking(false);
    setTriggerValue("box", chosen);
  };
  photo.onpointercancel = stop;
  mark.onclick = () => setMarking(!root.classList.contains("marking"));
  whole.onclick = () => setTriggerValue("box", [0, 0, 1, 1]);
}
