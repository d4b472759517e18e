// The time series of Now: one bar a bucket, stacked by verdict. Made once, then given new data.
(() => {
  let plot = null;
  const NAMES = [["capture", "captured"], ["deny", "denied"], ["divert", "diverted"], ["allow", "allowed"]];
  const colour = (property, name) => {
    const probe = document.createElement("span");
    probe.className = name;
    document.body.append(probe);
    const found = getComputedStyle(probe)[property];
    probe.remove();
    return found;
  };
  const stacked = (series) => {
    const sums = series.at.map(() => 0);
    const layers = NAMES.map(([name]) => series[name].map((count, i) => (sums[i] += count)));
    return [series.at, ...layers.reverse()];
  };
  const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const read = (at) => {
    const place = document.getElementById("chart-reading");
    if (!place || !plot || at === null || at === undefined) return;
    const counts = NAMES.filter(([name]) => plot.soundstage[name][at]).map(([name, label]) => `${plot.soundstage[name][at]} ${label}`);
    place.textContent = `${clock(plot.soundstage.at[at])}  ${counts.join(", ") || "nothing"}`;
  };
  const options = (box) => {
    const bars = uPlot.paths.bars({ size: [0.8, 40], gap: 1 });
    const layers = [...NAMES].reverse().map(([name, label]) => ({
      label, stroke: colour("color", `v-${name}`), fill: colour("color", `v-${name}`), width: 0, paths: bars, points: { show: false },
    }));
    const axis = {
      stroke: colour("color", "hint"), font: "12px system-ui, sans-serif", ticks: { show: false },
      grid: { stroke: colour("borderTopColor", "card"), width: 1 }, border: { show: false },
    };
    return {
      width: box.clientWidth,
      height: 176,
      padding: [8, 18, 0, 0],
      cursor: { y: false, points: { show: false } },
      legend: { show: false },
      hooks: { setCursor: [(u) => read(u.cursor.idx)] },
      scales: { y: { range: (_, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))] } },
      axes: [
        { ...axis, grid: { show: false }, values: (_, at) => at.map(clock), size: 28 },
        { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10000] },
      ],
      series: [{}, ...layers],
    };
  };
  const draw = () => {
    const box = document.getElementById("chart");
    if (!box || !window.uPlot) return;
    const series = JSON.parse(box.dataset.series);
    if (!plot) plot = new uPlot(options(box), null, box);
    plot.soundstage = series;
    plot.setData(stacked(series));
  };
  window.soundstageChart = draw;
  document.addEventListener("DOMContentLoaded", () => draw());
  window.addEventListener("resize", () => { const box = document.getElementById("chart"); if (plot && box) plot.setSize({ width: box.clientWidth, height: 176 }); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (plot) { plot.destroy(); plot = null; draw(); } });
})();
