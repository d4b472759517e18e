// The time series of Now: one bar a bucket, stacked by verdict. Made once, then given new data.
(() => {
  let plot = null;
  const NAMES = [["capture", "captured"], ["deny", "denied"], ["divert", "diverted"], ["allow", "allowed"]];
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.className = `v-${name}`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const stacked = (series) => {
    const sums = series.at.map(() => 0);
    const layers = NAMES.map(([name]) => series[name].map((count, i) => (sums[i] += count)));
    return [series.at, ...layers.reverse()];
  };
  const options = (box, series) => {
    const quiet = getComputedStyle(document.querySelector(".hint") || box).color;
    const line = getComputedStyle(document.body).getPropertyValue("--line");
    const bars = uPlot.paths.bars({ size: [0.8, 40] });
    const layers = [...NAMES].reverse().map(([name, label], at) => ({
      label,
      stroke: colour(name),
      fill: colour(name),
      width: 0,
      paths: bars,
      points: { show: false },
      value: (_, __, ___, i) => (i === null ? "" : plot.soundstage[NAMES[NAMES.length - 1 - at][0]][i]),
    }));
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    return {
      width: box.clientWidth,
      height: 160,
      cursor: { y: false, points: { show: false } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))] } },
      axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 42, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000] }],
      series: [{ value: "{HH}:{mm}" }, ...layers],
    };
  };
  const draw = (old) => {
    const box = document.getElementById("chart");
    if (!box || !window.uPlot) return;
    const series = JSON.parse(box.dataset.series);
    if (old && plot) {
      box.replaceWith(old);
      old.setAttribute("aria-label", box.getAttribute("aria-label"));
      plot.soundstage = series;
      plot.setData(stacked(series));
      return;
    }
    plot = new uPlot(options(box, series), null, box);
    plot.soundstage = series;
    plot.setData(stacked(series));
  };
  window.soundstageChart = draw;
  document.addEventListener("DOMContentLoaded", () => draw());
  window.addEventListener("resize", () => { const box = document.getElementById("chart"); if (plot && box) plot.setSize({ width: box.clientWidth, height: 160 }); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (plot) { plot.destroy(); plot = null; draw(); } });
})();
