// Charts of calls, of the medians of several reports, and of variants.
const short = (value) => Number(value.toPrecision(3)).toString();
const tip = (node, text) => node.append(Object.assign(document.createElementNS(node.namespaceURI, "title"), { textContent: text }));
const axes = (points, x) => {
  const low = Math.min(...points);
  const high = Math.max(...points);
  const room = (high - low || high || 1) * 0.06;
  return {
    height: 200,
    fullWidth: true,
    chartPadding: { top: 12, right: 16, bottom: 0, left: 8 },
    axisX: x,
    axisY: { type: Chartist.AutoScaleAxis, low: Math.max(0, low - room), high: high + room, offset: 56, scaleMinSpace: 28, labelInterpolationFnc: (value) => `${short(value)} ms` },
  };
};
const label = (box, text) => {
  const svg = box.querySelector("svg");
  svg?.setAttribute("role", "img");
  svg?.setAttribute("aria-label", text);
  // The numbers are in a table beside it.
  all("foreignObject", box).forEach((node) => node.setAttribute("aria-hidden", "true"));
};
const level = (name, value, last) => ({ className: name, data: [{ x: 0, y: value }, { x: last, y: value }] });

function drawCalls(box, calls) {
  const disturbed = new Set(calls.disturbed);
  const points = calls.ms.map((y, index) => ({ x: index * calls.every + 1, y }));
  const last = points.length * calls.every + 1;
  const series = [
    { className: "call", data: points.filter((_, index) => !disturbed.has(index)) },
    { className: "disturbed", data: points.filter((_, index) => disturbed.has(index)) },
    ...calls.limits.map(([, limit]) => level("limit", limit, last)),
    ...(calls.baseline === null ? [] : [level("baseline", calls.baseline, last)]),
  ];
  const ys = [...calls.ms, ...calls.limits.map(([, limit]) => limit), ...(calls.baseline === null ? [] : [calls.baseline])];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (last - 1)));
  const x = { type: Chartist.FixedScaleAxis, low: 0, high: last, ticks: [...new Set(ticks)], labelInterpolationFnc: (value) => `${value}` };
  const chart = new Chartist.LineChart(box, { series: series.filter((each) => each.data.length) }, { ...axes(ys, x), lineSmooth: false });
  chart.on("draw", (drawn) => {
    if (drawn.type === "point" && !/limit|baseline/.test(drawn.series.className)) tip(drawn.element.getNode(), `call ${drawn.value.x}: ${short(drawn.value.y)} ms${drawn.series.className === "disturbed" ? ", disturbed" : ""}`);
  });
  chart.on("created", () => label(box, `Time of each call in order${calls.every > 1 ? `, every ${calls.every}th call` : ""}`));
}

function drawTrend(box, points) {
  const series = [{ className: "median", data: points.map(([, median], x) => ({ x, y: median })) }];
  const ys = points.flatMap(([, , low, high]) => [low, high]);
  const step = Math.max(1, Math.ceil(points.length / Math.max(2, box.clientWidth / 110)));
  const ticks = points.map((_, index) => index).filter((index) => index % step === 0);
  const x = { type: Chartist.FixedScaleAxis, low: -0.3, high: points.length - 0.7, ticks, labelInterpolationFnc: (value) => points[value]?.[0].slice(0, 10) ?? "" };
  const chart = new Chartist.LineChart(box, { series }, { ...axes(ys, x), lineSmooth: false });
  chart.on("draw", (drawn) => {
    if (drawn.type !== "point") return;
    const [created, median, low, high, marks] = points[drawn.index];
    const y = (value) => drawn.axisY.chartRect.y1 - drawn.axisY.projectValue(value);
    drawn.group.elem("line", { x1: drawn.x, x2: drawn.x, y1: y(low), y2: y(high) }, "spread-line");
    if (marks.length) {
      drawn.group.elem("line", { x1: drawn.x, x2: drawn.x, y1: drawn.axisY.chartRect.y1, y2: drawn.axisY.chartRect.y2 }, "mark-line");
      drawn.group.elem("text", { x: drawn.x + 4, y: drawn.axisY.chartRect.y2 + 10 }, "mark-text").text(marks.join(", "));
    }
    tip(drawn.element.getNode(), `${created}: ${short(median)} ms, p10 to p90 ${short(low)} to ${short(high)} ms`);
  });
  chart.on("created", () => label(box, "The median in each report, with the spread from p10 to p90; the table below has the numbers"));
}

function drawVariants(box, points) {
  const sizes = points.map(([, size]) => size);
  const room = (Math.max(...sizes) - Math.min(...sizes) || Math.max(...sizes) || 1) * 0.12;
  const x = { type: Chartist.AutoScaleAxis, low: Math.max(0, Math.min(...sizes) - room), high: Math.max(...sizes) + room * 2, scaleMinSpace: 90, onlyInteger: false, labelInterpolationFnc: (value) => `${short(value)} MB` };
  const series = [{ className: "variant", data: points.map(([, size, time]) => ({ x: size, y: time })) }];
  const options = axes([0, ...points.map(([, , time]) => time)], x);
  // The last name and tick stand right of their place.
  options.chartPadding.right = 56;
  const chart = new Chartist.LineChart(box, { series }, { ...options, showLine: false });
  chart.on("draw", (drawn) => {
    if (drawn.type !== "point") return;
    const [name, size, time, psnr] = points[drawn.index];
    // Names of neighbours stand above and below each other.
    const order = [...points].sort((one, other) => one[1] - other[1]).findIndex((each) => each[0] === name);
    drawn.group.elem("text", { x: drawn.x + 4, y: drawn.y + (order % 2 ? -10 : 18) }, "mark-text").text(psnr === "-" || box.clientWidth < 500 ? name : `${name}, ${psnr}${psnr === "equal" ? "" : " dB"}`);
    tip(drawn.element.getNode(), `${name}: ${short(size)} MB, ${short(time)} ms`);
  });
  chart.on("created", () => label(box, "Size against prediction time of each variant, with the PSNR of its outputs; the table below has the numbers"));
}
