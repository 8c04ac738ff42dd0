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

// Say how many columns a table has, and name the column in each cell after the first, for site.css.
function nameColumns() {
  for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    table.dataset.columns = names.length > 4 ? "many" : names.length;
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, index) => {
        const isNeeded = index > 0 && names[index] && !["meaning", "description"].includes(names[index].toLowerCase());
        if (isNeeded) cell.dataset.column = names[index];
      });
    }
  }
}

window.addEventListener("DOMContentLoaded", nameColumns);
