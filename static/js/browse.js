// Sends a form of the API's pages as the JSON that programs send, and shows the answer under it.
"use strict";

document.querySelectorAll(".browse-form").forEach((form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    const body = form.elements.body;
    const request = {
      method: form.dataset.method,
      headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    };
    if (body) {
      request.body = body.value;
      request.headers["Content-Type"] = "application/json";
    }
    output.hidden = false;
    try {
      const response = await fetch(form.action, request);
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
      output.textContent = `${response.status} ${response.statusText}\n${shown}`;
    } catch (error) {
      output.textContent = String(error);
    }
  });
});
