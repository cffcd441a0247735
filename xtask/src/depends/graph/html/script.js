"use strict";
// Pointing at a package dims all that has nothing to do with it. The page says the same without.
(() => {
  const all = [...document.querySelectorAll("[data-package], [data-from]")];
  const near = (name) => {
    const names = new Set([name]);
    for (const line of document.querySelectorAll("[data-from]")) {
      if (line.dataset.from === name) names.add(line.dataset.to);
      if (line.dataset.to === name) names.add(line.dataset.from);
    }
    return names;
  };
  const show = (name) => {
    const names = name === null ? null : near(name);
    for (const element of all) {
      const { package: own, from, to } = element.dataset;
      const related = own === undefined ? from === name || to === name : names?.has(own);
      element.classList.toggle("dim", names !== null && !related);
    }
  };
  for (const element of document.querySelectorAll("[data-package]")) {
    element.addEventListener("pointerenter", () => show(element.dataset.package));
    element.addEventListener("pointerleave", () => show(null));
  }
})();
