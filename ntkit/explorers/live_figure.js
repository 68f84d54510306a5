// Draws the traces and the layout of its model with plotly.js.
//
// All figures of a page share one copy of plotly.js, which arrives once, compressed, in a model of its own.
// The model always holds the whole picture, so a reload, a second view or a late start shows what is current.

const SHARED = Symbol.for("ntkit.plotly");

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function importPlotly(bytes) {
  const code = `const module = {exports: {}};\n${await inflate(bytes)}\nexport default module.exports;`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const earlier = globalThis.Plotly;
  try {
    return (await import(url)).default;
  } finally {
    globalThis.Plotly = earlier;
    URL.revokeObjectURL(url);
  }
}

async function plotlyOf(model) {
  const id = model.get("_library").slice("IPY_MODEL_".length);
  const library = await model.widget_manager.get_model(id);
  globalThis[SHARED] ??= {};
  globalThis[SHARED][library.get("version")] ??= importPlotly(library.get("source"));
  return globalThis[SHARED][library.get("version")];
}

function liesOnDark(element) {
  for (let node = element; node; node = node.parentElement) {
    const [red, green, blue, alpha = 1] = getComputedStyle(node).backgroundColor.match(/[\d.]+/g).map(Number);
    if (alpha > 0.5) return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
  }
  return false;
}

function themeOf(model, element) {
  const chosen = model.get("theme");
  return chosen === "auto" ? (liesOnDark(element.parentElement) ? "dark" : "light") : chosen;
}

function configuration(plotly, model) {
  const image = { filename: model.get("filename"), scale: 2 };
  return {
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { ...image, format: "png" },
    modeBarButtonsToAdd: [
      {
        name: "Download plot as an SVG",
        icon: plotly.Icons.disk,
        click: (plot) => plotly.downloadImage(plot, { ...image, format: "svg" }),
      },
    ],
  };
}

// Breaks a line of text where it would leave the figure.
function wrapped(text, width, size) {
  const most = Math.max(24, Math.floor(width / (0.53 * size)));
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (longer.replace(/<[^>]*>/g, "").length <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

// How many rows a horizontal legend takes: plotly.js gives all of its columns the width of the longest entry.
function legendRows(traces, room) {
  const names = traces.filter((trace) => trace.showlegend !== false).map((trace) => trace.name.replace(/<[^>]*>/g, ""));
  const longest = Math.max(...names.map((name) => name.length), 1);
  return Math.ceil(names.length / Math.max(1, Math.floor(room / (7.2 * longest + 45))));
}

// The layout for a width: titles broken into lines, with room for them above the plot and for the legend below.
function fitted(layout, traces, width, template) {
  const fitting = { ...structuredClone(layout), template, width };
  if (!layout.title) return fitting;
  const room = width - layout.margin.l - layout.margin.r;
  const title = wrapped(layout.title.text, room, 15);
  const subtitle = wrapped(layout.title.subtitle.text, room, 12);
  fitting.title.text = title.join("<br>");
  fitting.title.subtitle.text = subtitle.join("<br>");
  const above = 19 * (title.length - 1) + 16 * (subtitle.length - 1);
  const below = 19 * Math.max(0, legendRows(traces, room) - 2);
  fitting.margin.t = layout.margin.t + above;
  fitting.height = layout.height + above + below;
  return fitting;
}

async function render({ model, el }) {
  const plot = el.appendChild(document.createElement("div"));
  plot.setAttribute("role", "figure");
  const plotly = await plotlyOf(model);
  const config = configuration(plotly, model);
  let frame = null;

  const draw = () => {
    frame = null;
    if (el.clientWidth === 0) return;
    const template = model.get("_templates")[themeOf(model, el)];
    const { traces, layout, summary } = model.get("picture");
    plot.setAttribute("aria-label", summary);
    if (traces.length === 0) return void plotly.purge(plot);
    plotly.react(plot, structuredClone(traces), fitted(layout, traces, el.clientWidth, template), config);
  };
  const schedule = () => {
    frame ??= requestAnimationFrame(draw);
  };

  const dim = () => el.classList.toggle("ntkit-waiting", model.get("is_waiting"));

  const size = new ResizeObserver(schedule);
  const theme = new MutationObserver(schedule);
  size.observe(el);
  theme.observe(document.body, { attributes: true });
  model.on("change:picture", schedule);
  model.on("change:theme", schedule);
  model.on("change:is_waiting", dim);
  dim();
  return () => {
    size.disconnect();
    theme.disconnect();
    model.off("change:picture", schedule);
    model.off("change:theme", schedule);
    model.off("change:is_waiting", dim);
    plotly.purge(plot);
  };
}

export default { render };
