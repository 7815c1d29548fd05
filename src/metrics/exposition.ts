import { TENSORFLOW_PREFIX } from "./catalogue.ts";
import type { Metric } from "./metric.ts";
import type { MetricFamily, Series } from "./registry.ts";

/**
 * The page that Prometheus reads, in its text format 0.0.4. Of TensorFlow's metrics each line is what
 * util/prometheus_exporter.cc of TensorFlow Serving writes, `{}` and six digits included; HELP lines come on top.
 */
export function formatMetrics(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const { metric, series } of families) {
    lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`);
    const format = metric.name.startsWith(TENSORFLOW_PREFIX) ? TENSORFLOW_STYLE : PLAIN_STYLE;
    for (const each of series) {
      if (metric.type === "histogram") pushHistogram(lines, metric, each, format);
      else lines.push(`${metric.name}${format.labels(labelsOf(metric, each))} ${each.values[0]}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

interface Style {
  /** What stands between name and value. */
  labels(pairs: readonly string[]): string;
  number(value: number): string;
}

const TENSORFLOW_STYLE: Style = { labels: (pairs) => `{${pairs.join(",")}}`, number: formatSixDigits };
const PLAIN_STYLE: Style = {
  labels: (pairs) => (pairs.length === 0 ? "" : `{${pairs.join(",")}}`),
  number: String,
};

function pushHistogram(lines: string[], metric: Metric, series: Series, style: Style): void {
  const { name, bounds = [] } = metric;
  const labels = labelsOf(metric, series);
  let count = 0;
  for (let i = 0; i <= bounds.length; i++) {
    count += series.values[i]!;
    const bound = i < bounds.length ? style.number(bounds[i]!) : "+Inf";
    lines.push(`${name}_bucket${style.labels([...labels, `le="${bound}"`])} ${count}`);
  }
  lines.push(`${name}_sum${style.labels(labels)} ${style.number(series.values[bounds.length + 1]!)}`);
  lines.push(`${name}_count${style.labels(labels)} ${count}`);
}

function labelsOf({ labels }: Metric, series: Series): string[] {
  return labels.map((name, i) => `${name}="${escapeLabel(series.labels[i]!)}"`);
}

/** Line ends are escaped too, which TensorFlow Serving forgets: a model's name that has one would break the page. */
function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** As C's `%g` and absl::StrCat write a double: 6 significant digits, no trailing zeros, two digits of exponent. */
export function formatSixDigits(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [digits, exponent] = value.toExponential(5).split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  const sign = power < 0 ? "-" : "+";
  return `${Number(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}
