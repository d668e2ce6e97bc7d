// Before anything is painted: the colours this person chose last, if they chose any.
(() => {
  const chosen = localStorage.getItem("tenure-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
