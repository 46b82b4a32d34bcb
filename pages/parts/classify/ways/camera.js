const LONGEST = 640; // pixels of a frame's longer edge; the server works with 512
const PAUSE = 333; // ms from one frame to the next, at least
const SHARE = 0.5; // of the time, at most, the server works for this camera
const PATIENCE = 10_000; // ms; an answer that takes longer was lost
const WORDS = {
  NotAllowedError: "The browser does not allow the camera on this page; allow it beside the " +
    "page's address and try again.",
  NotFoundError: "There is no camera; connect one and try again, or upload a photo.",
  NotReadableError: "The camera is in use by another program; close that one and try again.",
};
const OTHER = "The camera cannot be used; upload a photo instead.";

class Camera {
  constructor(parent) {
    [this.root, this.video, this.words, this.again, this.other] = [
      ".camera", "video", "p", ".again", ".switch",
    ].map((name) => parent.querySelector(name));
    this.picture = document.createElement("canvas");
    this.stream = this.device = null;
    this.wanted = this.starting = false;
    this.number = this.sent = this.due = 0; // of the frame without an answer; when; not before
    this.again.onclick = () => this.follow();
    this.other.onclick = () => this.switchDevice();
    this.follow = this.follow.bind(this);
    document.addEventListener("visibilitychange", this.follow);
  }

  /** What the server says: a frame is held, or the answer to that one is drawn. */
  update({ held, answered }, send) {
    this.send = send;
    this.root.hidden = held;
    this.wanted = !held;
    this.follow();
    if (answered === this.number) this.rest();
  }

  leave() {
    document.removeEventListener("visibilitychange", this.follow);
    this.wanted = false;
    this.stop();
  }

  /** Use the camera while it is wanted and can be seen, and no longer. */
  follow() {
    if (!this.wanted || document.hidden) this.stop();
    else if (!this.stream && !this.starting) this.start();
  }

  async start() {
    this.starting = true;
    this.say("");
    const which = this.device ? { deviceId: this.device } : { facingMode: "environment" };
    let stream, fault;
    try {
      stream = this.stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, ...which },
      });
      this.video.srcObject = stream;
      const [track] = stream.getVideoTracks();
      track.onended = () => this.fail("NotFoundError"); // it was pulled out
      const { facingMode, deviceId } = track.getSettings();
      this.device = deviceId;
      // a computer does not say where its camera looks: at whoever sits there
      const away = facingMode ? facingMode !== "user" : /back|rear|environment/i.test(track.label);
      this.video.classList.toggle("mirrored", !away);
      await this.video.play();
      this.other.hidden = (await this.devices()).length < 2;
      this.rest();
    } catch (error) {
      fault = error.name;
    }
    this.starting = false;
    if (stream && this.stream !== stream) this.follow(); // it was stopped meanwhile
    else if (!this.wanted || document.hidden) this.stop();
    else if (fault) this.fail(fault);
  }

  stop() {
    clearTimeout(this.timer);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = this.video.srcObject = null;
    this.number = 0;
  }

  fail(name) {
    this.stop();
    this.device = null;
    this.say(WORDS[name] ?? OTHER);
  }

  say(words) {
    this.words.textContent = words;
    this.again.hidden = !words;
    this.video.hidden = Boolean(words);
    if (words) this.other.hidden = true;
  }

  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
  }

  async switchDevice() {
    const all = await this.devices();
    this.device = all[(all.indexOf(this.device) + 1) % all.length];
    this.stop();
    this.follow();
  }

  /** Wait for the next frame's time: the last one's answer is drawn, or there is none. */
  rest() {
    const now = performance.now();
    if (this.number) this.due = this.sent + Math.max(PAUSE, (now - this.sent) / SHARE);
    this.number = 0;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.shoot(), Math.max(0, this.due - now));
  }

  shoot() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!this.stream) return;
    // a frame that comes while the page is drawn anew may ask for a part that is gone by then
    const page = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    if (!width || page === "running") {
      this.timer = setTimeout(() => this.shoot(), 50);
      return;
    }
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.picture.width = Math.round(scale * width);
    this.picture.height = Math.round(scale * height);
    this.picture.getContext("2d").drawImage(
      this.video, 0, 0, this.picture.width, this.picture.height);
    const uri = this.picture.toDataURL("image/jpeg", 0.85);
    this.sent = performance.now();
    this.number = Date.now();
    this.timer = setTimeout(() => {
      this.number = 0;
      this.rest();
    }, PATIENCE);
    this.send("frame", [this.number, uri]);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const camera = (parentElement.camera ??= new Camera(parentElement));
  camera.update(data, setTriggerValue);
  // Streamlit also calls this for a call that a later one has replaced
  return () => parentElement.isConnected || camera.leave();
}
