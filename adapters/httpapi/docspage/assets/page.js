"use strict";

const root = document.currentScript.dataset.root;

// onlyThisListener makes calls go to the listener that serves the page. The document names the
// address for users as well, which may be another origin: the page calls none but its own. The
// first answer is the document.
let isLoaded = false;
function onlyThisListener(answer) {
  if (isLoaded || !answer.ok) {
    return answer;
  }
  isLoaded = true;
  const api = JSON.parse(answer.text);
  api.servers = [{ url: root || "/", description: "The listener that serves this page." }];
  return Object.assign(answer, { text: JSON.stringify(api) });
}

// findOperations filters by a part of a path, summary, name or tag; Swagger UI finds tags alone.
function findOperations(tags, text) {
  text = text.toLowerCase();
  return tags
    .map((tag, name) => tag.update("operations", (all) => all.filter((entry) =>
      [name, entry.get("method") + " " + entry.get("path"), entry.getIn(["operation", "summary"]), entry.getIn(["operation", "operationId"])]
        .some((words) => words && words.toLowerCase().includes(text)))))
    .filter((tag) => tag.get("operations").size > 0);
}

// openWhileFiltered opens the sections, which are closed at first, while there is a filter.
const openWhileFiltered = (isShown, system) => (state, name, ...more) =>
  isShown(name, ...more) || // it has the state already
  (name[0] === "operations-tag" && typeof system.layoutSelectors.currentFilter() === "string");

// resolve replaces the references in a part of the document, all of which are to other parts
// of it. Swagger UI itself would read the whole document again for each part, for seconds.
async function resolve(api, path) {
  const find = (names) => names.reduce((value, name) => value?.[name], api);
  const replace = (value, within) => {
    if (Array.isArray(value)) {
      return value.map((item) => replace(item, within));
    }
    if (value === null || typeof value !== "object" || within.includes(value.$ref)) {
      return value;
    }
    if (typeof value.$ref === "string") {
      return replace(find(value.$ref.slice("#/".length).split("/")), [...within, value.$ref]);
    }
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replace(item, within)]));
  };
  return { spec: replace(find(path), []), errors: [] };
}

SwaggerUIBundle({
  url: root + "/api/v4/openapi.json",
  dom_id: "#api",
  layout: "BaseLayout", // without a bar to load other documents
  plugins: [() => ({
    fn: { opsFilter: findOperations, resolveSubtree: resolve },
    statePlugins: { layout: { wrapSelectors: { isShown: openWhileFiltered } } },
  })],
  responseInterceptor: onlyThisListener,
  onComplete: () => {
    document.querySelector(".operation-filter-input").placeholder = "Filter by path, summary or name";
  },
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  showExtensions: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1, // the schemas are at the operations
  persistAuthorization: false, // a token is forgotten with the page
  validatorUrl: null, // no request to another host
});
