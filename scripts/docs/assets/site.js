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
