// What a person would stumble over, found by looking at the page as it is drawn.
// Returns a list of sentences: empty for a page that is whole.
(() => {
  const faults = [];
  const say = (element) => element.outerHTML.slice(0, 120);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push("it scrolls sideways");
  if (!document.title.trim()) faults.push("no title");
  const levels = all("h1, h2, h3, h4").map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not one h1: " + levels);
  levels.forEach((level, at) => {
    if (at && level > levels[at - 1] + 1) faults.push("heading skipped: " + levels);
  });
  for (const image of all("img:not([alt])")) faults.push("no alt: " + say(image));
  for (const link of all("a, button")) {
    if (!(link.textContent.trim() || link.ariaLabel)) faults.push("no words: " + say(link));
  }
  for (const field of all("input:not([type=hidden]), select")) {
    if (!field.labels.length) faults.push("no label: " + say(field));
  }
  for (const frame of all("iframe:not([title])")) faults.push("no title: " + say(frame));
  const ids = all("[id]").map((element) => element.id);
  if (new Set(ids).size !== ids.length) faults.push("an id stands twice");

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => {
    const linear = (part) =>
      (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.matches("script, style, option")) continue;
    const ink = luminance(channels(getComputedStyle(element).color));
    const [dark, light] = [ink, luminance(ground(element))].sort((a, b) => a - b);
    if ((light + 0.05) / (dark + 0.05) < 4.5) faults.push("weak: " + say(element));
  }
  return faults;
})()
