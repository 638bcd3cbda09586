// A box that a hand signs in. What was drawn is kept as numbers: "x,y x,y;x,y", within the box's own size.

export function signing(frame, input, changed = () => {}) {
  const canvas = frame.querySelector("canvas"), pen = canvas.getContext("2d"), most = 3000;
  let strokes = input.value ? input.value.split(";").map((s) => s.split(" ").map((p) => p.split(",").map(Number))) : [];
  let drawing = false, count = strokes.reduce((n, s) => n + s.length, 0);

  function draw() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 3;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke : [stroke[0], stroke[0]]) pen.lineTo(...point);
      pen.stroke();
    }
  }
  function place(e) {
    const box = canvas.getBoundingClientRect();
    const at = (value, size, whole) => Math.max(0, Math.min(whole, Math.round(value / size * whole)));
    return [at(e.clientX - box.left, box.width, canvas.width), at(e.clientY - box.top, box.height, canvas.height)];
  }
  function add(e) {
    const stroke = strokes[strokes.length - 1], point = place(e), last = stroke[stroke.length - 1];
    if (count >= most || (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < 2)) return;
    stroke.push(point);
    count += 1;
    draw();
  }
  function keep() {
    strokes = strokes.filter((s) => s.length);
    input.value = strokes.map((s) => s.map((p) => p.join(",")).join(" ")).join(";");
    changed();
  }
  canvas.addEventListener("pointerdown", (e) => {
    drawing = true;
    canvas.setPointerCapture(e.pointerId);
    strokes.push([]);
    add(e);
    e.preventDefault();
  });
  canvas.addEventListener("pointermove", (e) => { if (drawing) add(e); });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { if (drawing) { drawing = false; keep(); } });
  frame.querySelector("[data-clear]").addEventListener("click", () => {
    strokes = [];
    count = 0;
    draw();
    keep();
  });
  frame.hidden = false;
  draw();
}
