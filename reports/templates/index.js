"use strict";
(function () {
  var form = document.getElementById("filter"), table = document.getElementById("cases");
  var rows = Array.prototype.slice.call(table.tBodies[0].rows);
  var text = document.getElementById("f-text"), verdict = document.getElementById("f-verdict");
  var phase = document.getElementById("f-phase"), suite = document.getElementById("f-suite");
  var count = document.getElementById("f-count");
  function apply() {
    var words = text.value.toLowerCase().split(" ").filter(Boolean), shown = 0;
    rows.forEach(function (row) {
      var data = row.dataset, content = row.textContent.toLowerCase();
      var fits = (!verdict.value || data.verdict === verdict.value || (verdict.value === "attention" && data.verdict !== "pass")) &&
        (!phase.value || data.phase === phase.value) && (!suite.value || data.suite === suite.value) &&
        words.every(function (word) { return content.indexOf(word) !== -1; });
      row.hidden = !fits;
      if (fits) { shown += 1; }
    });
    count.textContent = shown === rows.length ? rows.length + " cases" : shown + " of " + rows.length + " cases";
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.hidden = false;
  apply();
})();
