// SMS segments: GSM-7 160/153, UCS-2 70/67 (3GPP TS 23.038).
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
);
const EXTENDED = new Set("^{}\\[~]|€");

export function count(text) {
  const chars = Array.from(text);
  const gsm = chars.every((char) => BASIC.has(char) || EXTENDED.has(char));
  const units = gsm ? chars.reduce((sum, c) => sum + (EXTENDED.has(c) ? 2 : 1), 0) : text.length;
  const [single, part] = gsm ? [160, 153] : [70, 67];
  const segments = units <= single ? 1 : Math.ceil(units / part);
  return { units, segments, room: segments === 1 ? single : segments * part, gsm };
}
