"use strict";
(function () {
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var fold = target && target.closest("details");
    if (fold && !fold.open) { fold.open = true; target.scrollIntoView({ block: "center" }); }
  }
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a");
    var href = link && link.getAttribute("href");
    if (href && href.charAt(0) === "#" && href === location.hash) { reveal(); }
  });
  reveal();
  // On a narrow screen the ladder begins at what decided.
  var frame = document.querySelector(".scroll"), mark = document.querySelector(".ladder .hot .arrow, .ladder .hot rect.note, .ladder .hot rect.mark");
  if (frame && mark && frame.scrollWidth > frame.clientWidth) {
    var box = mark.getBoundingClientRect(), view = frame.getBoundingClientRect();
    frame.scrollLeft += box.left + box.width / 2 - view.left - view.width / 2;
  }
})();
