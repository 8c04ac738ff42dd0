// Show the tab of a heading that a link or a search result names.
function showTab() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const block = target?.closest(".tabbed-block");
  if (!block) return;
  const index = [...block.parentElement.children].indexOf(block);
  const set = block.closest(".tabbed-set");
  const input = set.querySelectorAll(":scope > input")[index];
  if (input && !input.checked) input.click();
  target.scrollIntoView();
}

window.addEventListener("hashchange", showTab);
window.addEventListener("DOMContentLoaded", showTab);

// Write the name of its column into each cell of a wide table, for site.css.
function nameColumns() {
  for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    if (names.length < 3) continue;
    table.dataset.columns = names.length;
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, index) => {
        if (names[index]) cell.dataset.column = names[index];
      });
    }
  }
}

window.addEventListener("DOMContentLoaded", nameColumns);
