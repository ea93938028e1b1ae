SwaggerUIBundle({
  url: document.currentScript.dataset.document,
  domNode: document.getElementById("viewer"),
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  tagsSorter: "alpha",
  // No validator elsewhere is asked, and no token stays in the browser's storage.
  validatorUrl: null,
  persistAuthorization: false,
});
