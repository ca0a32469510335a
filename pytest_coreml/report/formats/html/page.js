"use strict";
/* The page without this script shows all that was judged; with it, tables sort and filter, charts are drawn, and
   every operation of a plan is listed. All text is set by textContent. */
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  all(".needs-script").forEach((node) => node.classList.remove("needs-script"));

  // The data: base64 of gzip of JSON. A browser without DecompressionStream keeps what needs no script.
  let unpacked;
  const data = () => (unpacked ??= unpack());
  async function unpack() {
    const text = atob(document.getElementById("packed").textContent);
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  // The table: sort by a column, filter by words, verdict and compute units.
  const table = document.getElementById("table");
  if (table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const key = (row, column, kind) => {
      const cell = row.cells[column];
      if (kind === "text") return cell.textContent.toLowerCase();
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    const sort = (header, column) => {
      const descending = header.getAttribute("aria-sort") === "ascending";
      all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const sign = descending ? -1 : 1;
      const keyed = rows.map((row) => [key(row, column, header.dataset.sort), row]);
      keyed.sort(([one], [other]) => {
        // What was not measured comes last either way.
        if (one === null || other === null) return (one === null) - (other === null);
        return sign * (typeof one === "string" ? one.localeCompare(other) : one - other);
      });
      body.append(...keyed.map(([, row]) => row));
    };
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = element("button", { type: "button", textContent: header.textContent });
      header.replaceChildren(button);
      button.addEventListener("click", () => sort(header, column));
    });
    const [words, standing, units, found] = ["find", "find-standing", "find-units", "found"].map((id) =>
      document.getElementById(id),
    );
    const filter = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.cells[0].textContent.toLowerCase();
        const fits =
          wanted.every((word) => text.includes(word)) &&
          (!standing.value || row.dataset.standing === standing.value) &&
          (!units.value || row.dataset.units === units.value);
        row.hidden = !fits;
        const index = row.querySelector("a").hash.slice(1);
        document.getElementById(index).hidden = !fits;
        count += fits;
      }
      found.textContent = count === rows.length ? "" : `${count} of ${rows.length} tests`;
    };
    [words, standing, units].forEach((input) => input.addEventListener("input", filter));
    words.form.addEventListener("submit", (event) => event.preventDefault());
  }

  // A link to a test opens it.
  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target?.tagName === "DETAILS") {
      target.hidden = false;
      target.open = true;
      target.querySelector("summary").focus();
    }
  };
  window.addEventListener("hashchange", open);
  table?.addEventListener("click", (event) => {
    if (event.target.hash && event.target.hash === location.hash) open();
  });

  // Charts.
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

  // Every operation of a plan, by block, in program order or by cost.
  const DEVICES = ["cpu", "gpu", "neuralEngine"];
  const NAMES = { cpu: "CPU", gpu: "GPU", neuralEngine: "Neural Engine" };
  const PAGE = 300;

  function decode(plan, tables) {
    const coded = tables.lists[plan.names];
    let before = "";
    return plan.kinds.map((kind, index) => {
      before = before.slice(0, coded[2 * index]) + coded[2 * index + 1];
      const [preferred, supported, operator, block, unknown, reason] = tables.kinds[kind];
      return {
        name: before,
        operator: tables.texts[operator],
        block: tables.texts[block],
        device: DEVICES[preferred] ?? "",
        planned: NAMES[DEVICES[preferred]] ?? (tables.texts[unknown] || "not known"),
        supported: DEVICES.filter((_, bit) => supported & (1 << bit)).map((device) => NAMES[device]).join(", ") || "-",
        cost: plan.costs?.[index] ?? null,
        reason: tables.texts[reason],
      };
    });
  }
  const costWords = (cost) => {
    if (cost === null) return "-";
    const percent = cost / 10000;
    return `${percent >= 100 ? "100" : Number(percent.toPrecision(percent < 0.01 ? 2 : 3))} %`;
  };

  function listOperations(box, ops, title) {
    const device = element("select", {}, new Option("all devices", ""), ...DEVICES.filter((name) => ops.some((op) => op.device === name)).map((name) => new Option(NAMES[name], name)), ...(ops.some((op) => !op.device) ? [new Option("not known", "none")] : []));
    const words = element("input", { type: "search", placeholder: "operator or name" });
    const byCost = element("input", { type: "checkbox" });
    const body = element("tbody");
    const count = element("output");
    const more = element("button", { type: "button" });
    const costs = ops.some((op) => op.cost !== null);
    const most = Math.max(...ops.map((op) => op.cost ?? 0)) || 1;
    const closed = new Set();
    let limit = PAGE;
    const fits = (op) => (!device.value || op.device === (device.value === "none" ? "" : device.value)) && words.value.toLowerCase().split(/\s+/).every((word) => `${op.operator} ${op.name}`.toLowerCase().includes(word));

    function row(op, depth) {
      const cost = element("td");
      if (op.cost !== null) {
        const bar = element("i");
        bar.style.width = `${(op.cost / most) * 100}%`;
        cost.append(element("span", { className: "bar" }, bar));
      }
      cost.append(costWords(op.cost));
      const planned = element("td", {}, op.device ? element("span", { className: `k-${op.device}`, textContent: op.planned }) : op.planned);
      const head = element("th", { scope: "row", className: `d${Math.min(depth, 6)}` }, op.operator, element("small", { textContent: op.name }));
      return element("tr", {}, head, planned, element("td", { textContent: op.supported }), cost, element("td", { textContent: op.reason || "-" }));
    }
    function blockRow(block, depth, inside) {
      const button = element("button", { type: "button", textContent: `${closed.has(block) ? "▸" : "▾"} ${block.split("/").slice(1).join(" / ") || block} (${inside})` });
      button.setAttribute("aria-expanded", String(!closed.has(block)));
      button.addEventListener("click", () => {
        closed.has(block) ? closed.delete(block) : closed.add(block);
        show();
        all("button", body).find((other) => other.dataset.block === block)?.focus();
      });
      button.dataset.block = block;
      return element("tr", { className: "block" }, element("th", { scope: "rowgroup", colSpan: 5, className: `d${Math.min(depth, 6)}` }, button));
    }
    function show() {
      const wanted = ops.filter(fits);
      const rows = [];
      if (byCost.checked) {
        wanted.sort((one, other) => (other.cost ?? 0) - (one.cost ?? 0));
        wanted.slice(0, limit).forEach((op) => rows.push(row(op, 0)));
      } else {
        // A block stands below the first block that is around it; its operations are counted with those of its own blocks.
        const blocks = new Map();
        for (const op of wanted) {
          if (!blocks.has(op.block)) blocks.set(op.block, []);
          blocks.get(op.block).push(op);
        }
        const names = [...blocks.keys()];
        const ordered = [];
        const place = (name) => {
          if (ordered.includes(name)) return;
          ordered.push(name);
          names.filter((other) => other.startsWith(`${name}/`)).forEach(place);
        };
        names.forEach((name) => names.filter((other) => name.startsWith(`${other}/`)).length || place(name));
        let left = limit;
        for (const name of ordered) {
          if ([...closed].some((block) => name.startsWith(`${block}/`))) continue;
          const depth = name.split("/").length - 1;
          const within = names.filter((other) => other === name || other.startsWith(`${name}/`));
          if (names.length > 1) rows.push(blockRow(name, depth, within.reduce((sum, other) => sum + blocks.get(other).length, 0)));
          if (closed.has(name)) continue;
          blocks.get(name).slice(0, Math.max(0, left)).forEach((op) => rows.push(row(op, depth)));
          left -= blocks.get(name).length;
        }
      }
      body.replaceChildren(...rows);
      count.textContent = `${wanted.length.toLocaleString("en")} of ${ops.length.toLocaleString("en")} operations`;
      more.hidden = wanted.length <= limit;
      more.textContent = `Show ${Math.min(PAGE * 4, wanted.length - limit)} more`;
    }
    more.addEventListener("click", () => {
      limit += PAGE * 4;
      show();
    });
    [device, words, byCost].forEach((input) => input.addEventListener("input", () => {
      limit = PAGE;
      show();
    }));
    const heads = ["Operation", "Planned on", "Supported by", costs ? "Cost" : "Cost (none in the plan)", "Why not on the Neural Engine"];
    const head = element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text }))));
    const scroll = element("div", { className: "scroll tall", tabIndex: 0 }, element("table", { className: "plain layers" }, head, body));
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `All operations of ${title}`);
    count.setAttribute("role", "status");
    const filters = element("div", { className: "filters" }, element("label", {}, "Device ", device), element("label", {}, "Find ", words), ...(costs ? [element("label", {}, byCost, " by cost")] : []), count);
    const details = element("details", { className: "every" }, element("summary", { textContent: `Every operation (${ops.length.toLocaleString("en")})` }), filters, scroll, more);
    details.addEventListener("toggle", () => details.open && !body.rows.length && show());
    box.replaceChildren(details);
  }

  // What is in a closed part is drawn when it is opened.
  async function fill(part) {
    if (part.dataset.filled) return;
    part.dataset.filled = "true";
    const found = await data();
    const index = Number(part.dataset.index);
    for (const box of all("[data-chart]", part)) {
      if (box.dataset.chart === "calls" && found.calls[index]) drawCalls(box, found.calls[index]);
      if (box.dataset.chart === "trend") drawTrend(box, found.drawn.trends[index]);
      if (box.dataset.chart === "variants") drawVariants(box, found.drawn.variants[index]);
    }
    const box = part.querySelector(".operations");
    const plan = found.plans[index];
    if (box && plan) listOperations(box, decode(plan, found.operations), part.querySelector(".id").textContent);
    else if (box) box.textContent = "This page has no room for the single operations of this test; the report has them.";
  }
  if (typeof DecompressionStream !== "undefined") {
    all("details[data-index]").forEach((part) => {
      part.addEventListener("toggle", () => part.open && fill(part));
      if (part.open) fill(part);
    });
    all("section[data-index]").forEach(fill);
  } else {
    all("[data-chart], .operations").forEach((box) => box.remove());
  }
  open();
})();
