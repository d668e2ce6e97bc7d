// Draws each chart's numbers with uPlot in the place of the server's picture; the legend says what is
// under the pointer.
(() => {
  "use strict";
  if (!window.uPlot) return;

  const DAY_S = 86400;
  const drawn = [];

  const utc = (ts) => new Date(ts * 1000).toISOString();
  const day = (ts) => new Date(ts * 1000).toUTCString().slice(5, 11); // as the server writes it
  const counted = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const instant = (ts, wide) => (wide ? utc(ts).slice(0, 10) : `${utc(ts).slice(0, 16).replace("T", " ")} UTC`);

  function colourOf(name, figure) {
    return getComputedStyle(figure.querySelector(`.word-${CSS.escape(name)} i`)).backgroundColor;
  }

  function stacked(series) {
    let floor = null;
    return series.map((each) => {
      floor = each.values.map((value, i) => value + (floor ? floor[i] : 0));
      return floor;
    });
  }

  function legendOf(figure, numbers, wide) {
    const counts = numbers.series.map((each) => figure.querySelector(`.word-${CSS.escape(each.name)} b`));
    const usual = counts.map((count) => count.textContent);
    const when = figure.querySelector(".when");
    return (index) => {
      counts.forEach((count, i) => {
        count.textContent = index == null ? usual[i] : counted(numbers.series[i].values[index]);
      });
      when.textContent = index == null ? "" : instant(numbers.at[index], wide);
    };
  }

  function options(numbers, figure, width) {
    const style = getComputedStyle(figure);
    const length = numbers.at[numbers.at.length - 1] - numbers.at[0];
    const step = numbers.at.length > 1 ? numbers.at[1] - numbers.at[0] : 60;
    const isBars = numbers.kind === "bars";
    const wide = step >= DAY_S;
    const axis = { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    const say = legendOf(figure, numbers, wide);
    const names = [...numbers.series].reverse(); // the tallest first, so that the lower ones cover it
    return {
      width,
      height: Math.max(150, Math.min(220, Math.round(width * 0.28))),
      padding: [8, 24, 0, 0], // half a label beyond the last tick
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      hooks: { setCursor: [(chart) => say(chart.cursor.left < 0 ? null : chart.cursor.idx)] },
      scales: {
        x: { range: (_, from, to) => [from, to + (isBars ? step : 0)] },
        y: { range: (_, __, most) => [0, Math.max(4, most * 1.05)] },
      },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, at) => at.map((ts) => (length > 2 * DAY_S ? day(ts) : utc(ts).slice(11, 16))) },
        { ...axis, size: 46, values: (_, at) => at.map(counted), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] },
      ],
      series: [
        {},
        ...names.map((each) => ({
          fill: colourOf(each.name, figure),
          stroke: colourOf(each.name, figure),
          width: isBars ? 0 : 1,
          paths: isBars ? uPlot.paths.bars({ size: [0.8, 40], align: 1 }) : undefined,
          points: { show: false },
        })),
      ],
    };
  }

  function draw(plot) {
    const numbers = JSON.parse(document.getElementById(plot.dataset.chart).textContent);
    const figure = plot.closest("figure");
    const lines = [numbers.at, ...stacked(numbers.series).reverse()];
    plot.replaceChildren();
    return new uPlot(options(numbers, figure, plot.clientWidth), lines, plot);
  }

  function drawAll() {
    for (const chart of drawn.splice(0)) chart.destroy();
    for (const plot of document.querySelectorAll("[data-chart]")) drawn.push(draw(plot));
  }

  drawAll();
  document.addEventListener("tenure:colours", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 120);
  });
})();
