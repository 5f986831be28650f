// Small helpers to build a page without markup in strings.
export function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name, label, extra) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon " + (extra || ""));
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
    const title = document.createElementNS(SVG, "title");
    title.textContent = label;
    svg.append(title);
  } else svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

export const time = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

export const day = (iso) =>
  new Date(iso).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });

export const remember = (name, value) => {
  try {
    localStorage.setItem("phones." + name, JSON.stringify(value));
  } catch (problem) {
    // A private window keeps nothing; the phones work without.
  }
};

export const recall = (name, otherwise) => {
  try {
    const kept = localStorage.getItem("phones." + name);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch (problem) {
    return otherwise;
  }
};
