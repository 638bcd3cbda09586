// Before the first paint: the theme the reader chose, if any.
(function () {
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch (e) { /* storage is off: the system's theme it is */ }
})();
