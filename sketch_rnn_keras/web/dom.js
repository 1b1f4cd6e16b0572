/** @returns {HTMLElement} the page's element of that id */
export const element = (id) => document.getElementById(id);
