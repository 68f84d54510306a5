// Looks up what the sliders ask for and draws it; every number was computed beforehand.

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function unpacked(id) {
  const packed = new Blob([bytes(document.getElementById(id).textContent)]);
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

const content = JSON.parse(await unpacked("content"));
const library = document.createElement("script");
library.textContent = await unpacked("plotly");
document.head.append(library);

for (const table of Object.values(content.tables)) table.values = new Float32Array(bytes(table.values).buffer);

const control = (id) => document.getElementById(id);
control("activation").append(...content.activations.map(({ name }, index) => new Option(name, index)));
control("depth").max = content.depths.length - 1;
control("delta").max = content.deltas.length - 1;
control("depth").value = content.depths.findIndex((depth) => depth >= 8);
control("delta").value = content.deltas.findIndex((delta) => delta >= 0.05);

// The row of a table at the chosen activation, depth and δ.
function row(name, chosen) {
  const { axes, shape, values } = content.tables[name];
  let offset = 0;
  let length = values.length;
  axes.forEach((axis, k) => {
    if (!(axis in chosen)) return;
    length /= shape[k];
    offset += chosen[axis] * length;
  });
  return Array.from(values.subarray(offset, offset + length));
}

function filled(trace, chosen, depth) {
  if (trace.meta.marker) {
    const turn = row(trace.meta.marker, chosen)[0];
    const floor = Math.min(...row("correlation", chosen).slice(0, depth + 1).filter((value) => value > 0));
    return { ...trace, name: `L₀ = ${turn}`, x: [turn, turn], y: turn > depth ? [] : [floor, 1] };
  }
  const y = row(trace.meta.table, chosen);
  const follows = content.tables[trace.meta.table].axes.includes("layer");
  return { ...trace, y: follows ? y.slice(0, depth + 1) : y, x: follows ? trace.x.slice(0, depth + 1) : trace.x };
}

function draw() {
  const chosen = Object.fromEntries(["activation", "depth", "delta"].map((id) => [id, Number(control(id).value)]));
  const depth = content.depths[chosen.depth];
  const delta = content.deltas[chosen.delta];
  const { name, mu } = content.activations[chosen.activation];
  document.querySelector("output[for=depth]").textContent = depth;
  document.querySelector("output[for=delta]").textContent = delta;
  control("depth").setAttribute("aria-valuetext", `${depth} layers`);
  control("delta").setAttribute("aria-valuetext", delta);
  const correlation = row("correlation", chosen)[depth];
  const bound = row("bound", chosen)[depth];
  const eigenvalues = row("ntk_eigenvalues", chosen);
  const summary =
    `After ${depth} layers of ${name}, two inputs at δ = ${delta} have correlation ${correlation.toPrecision(3)}, at ` +
    `most ${bound.toPrecision(3)}; the NTK matrix has κ = ${(eigenvalues[0] / eigenvalues.at(-1)).toPrecision(3)}.`;
  control("summary").textContent = summary;
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  for (const [id, picture] of Object.entries(content.pictures)) {
    const layout = { ...structuredClone(picture.layout), template: content.templates[theme] };
    layout.title.subtitle.text = `${name} MLP, NTK parameterisation<br>L = ${depth}, δ = ${delta}, μ = ${mu}`;
    layout.margin.t += 16;
    layout.width = control(id).clientWidth;
    control(id).setAttribute("aria-label", `${layout.title.text}. ${summary}`);
    const traces = structuredClone(picture.traces).map((trace) => filled(trace, chosen, depth));
    Plotly.react(id, traces, layout, { displaylogo: false });
  }
}

document.querySelector("form").addEventListener("input", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("resize", draw);
draw();
