{ // the panel is brought into view where a click far below it has begun a training
  const panel = document.querySelector(".st-key-training");
  const top = panel?.getBoundingClientRect().top;
  if (top < 0 || top > innerHeight / 2) panel.scrollIntoView({ block: "start" });
}
