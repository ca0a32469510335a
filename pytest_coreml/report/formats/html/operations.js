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
