/* Shows a form on any page: in a shadow root, so that neither style reaches the other; posts JSON, or multipart with files. */
(function () {
  "use strict";
  var F = __FORM__, me = document.currentScript, doc = document;
  var home = new URL(me.src), slug = F.slug, where = new URL(F.action, home).href, page = new URL("/f/" + slug, home).href;
  var KEYS = F.keys, STORE = "inbox_first_touch";

  function make(tag, attributes, children) {
    var node = doc.createElement(tag);
    for (var name in attributes || {}) if (attributes[name] !== "" && attributes[name] != null && attributes[name] !== false) node.setAttribute(name, attributes[name] === true ? "" : attributes[name]);
    (children || []).forEach(function (child) { if (child) node.append(child); });
    return node;
  }
  function id() {
    if (window.crypto && crypto.randomUUID) return crypto.randomUUID();
    return Date.now().toString(36) + "-" + Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
  }
  function cookie(name) {
    var found = doc.cookie.split("; ").filter(function (pair) { return pair.indexOf(name + "=") === 0; })[0];
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }
  function touch() {
    var query = new URLSearchParams(location.search), now = { ts: Date.now(), page: location.href.slice(0, 500), referrer: doc.referrer.slice(0, 500) };
    KEYS.forEach(function (key) { var value = query.get(key); if (value) now[key] = value.slice(0, 500); });
    ["_ym_uid", "_ga"].forEach(function (key) { try { var value = cookie(key); if (value) now[key] = value.slice(0, 500); } catch (e) { /* a cookie we cannot read */ } });
    return now;
  }
  function stored() {
    try { return JSON.parse(localStorage.getItem(STORE) || "null"); } catch (e) { /* storage is off: the site's own cookie */ }
    try { return JSON.parse(cookie(STORE) || "null"); } catch (e) { return null; }
  }
  function store(first) {
    try { localStorage.setItem(STORE, JSON.stringify(first)); return; } catch (e) { /* storage is off */ }
    var short = {}; Object.keys(first).forEach(function (key) { short[key] = String(first[key]).slice(0, 200); });
    doc.cookie = STORE + "=" + encodeURIComponent(JSON.stringify(short)) + ";path=/;max-age=7776000;samesite=lax";
  }
  function touches() {
    var last = touch(), first = stored();
    if (!first || Date.now() - first.ts > 7776e6) { first = last; store(first); }
    return { first: first, last: last };
  }
  var attribution = touches();

  function box(field, kind, option) {
    return make("label", { "class": "choice" }, [
      make("input", { type: kind, name: field.name, value: option.value, required: field.required && kind === "radio" }),
      make("span", {}, [option.label || option.value])
    ]);
  }
  function control(field) {
    var at = { id: "f-" + field.name, name: field.name, required: !!field.required, placeholder: field.placeholder, "aria-describedby": "e-" + field.name };
    if (field.kind === "message") { at.maxlength = field.length; return make("textarea", at, [field.value || ""]); }
    if (field.kind === "choice") return make("select", at, [make("option", { value: "" }, [F.texts.choose])].concat(field.options.map(function (o) { return make("option", { value: o.value }, [o.label || o.value]); })));
    at.type = { phone: "tel", email: "email", date: "date", file: "file" }[field.kind] || "text";
    at.autocomplete = field.complete; at.value = field.value;
    if (field.kind === "number") at.inputmode = "decimal";
    if (field.kind === "text") at.maxlength = field.length;
    if (field.kind === "file") { at.multiple = field.files > 1; at.accept = (field.accept || []).join(","); }
    return make("input", at);
  }
  function question(field) {
    if (field.kind === "hidden") return make("input", { type: "hidden", name: field.name, value: field.value });
    var mark = field.required ? make("span", { "class": "mark" }, [" (" + F.texts.required_mark + ")"]) : null;
    var help = field.help ? make("span", { "class": "help" }, [field.help]) : null;
    var error = make("span", { "class": "error", id: "e-" + field.name, role: "alert" });
    if (field.kind === "consent") {
      var link = field.url ? make("a", { href: field.url, target: "_blank", rel: "noopener" }, [F.texts.document]) : null;
      return make("div", { "class": "field" }, [make("label", { "class": "choice" }, [
        make("input", { type: "checkbox", id: "f-" + field.name, name: field.name, value: field.stamp, required: !!field.required, "aria-describedby": "e-" + field.name }),
        make("span", {}, [field.text || field.label, mark, " ", link])
      ]), help, error]);
    }
    if (field.kind === "several" || (field.kind === "choice" && field.options.length <= 6)) {
      var kind = field.kind === "several" ? "checkbox" : "radio";
      return make("fieldset", { "class": "field", id: "f-" + field.name }, [make("legend", {}, [field.label || field.name, mark])].concat(field.options.map(function (o) { return box(field, kind, o); }), [help, error]));
    }
    return make("div", { "class": "field" }, [make("label", { "for": "f-" + field.name }, [field.label || field.name, mark]), control(field), help, error]);
  }

  function show() {
    var host = make("div", { "data-inbox-form": slug }), anchor = doc.querySelector('a[data-inbox-form="' + slug + '"]');
    if (anchor) anchor.replaceWith(host); else me.after(host);
    var root = host.attachShadow({ mode: "open" });
    if ("adoptedStyleSheets" in root && "replaceSync" in CSSStyleSheet.prototype) {
      var sheet = new CSSStyleSheet(); sheet.replaceSync(F.css); root.adoptedStyleSheets = [sheet];
    } else root.append(make("style", {}, [F.css]));
    var notice = make("div", { role: "alert" }), button = make("button", { type: "submit" }, [F.texts.button]);
    var form = make("form", { method: "post", action: where, novalidate: false }, [].concat(
      F.fields.map(question),
      [make("div", { "class": "trap", "aria-hidden": "true" }, [make("label", {}, [F.texts.leave_empty, make("input", { name: "_gotcha", tabindex: "-1", autocomplete: "off" })])]), notice, button]
    ));
    var whole = make("div", { "class": "form", lang: F.language }, [F.title ? make("h2", {}, [F.title]) : null, F.intro ? make("p", {}, [F.intro]) : null, form]);
    root.append(whole);
    var sid = id(), puzzle = null, token = "", unavailable = false;

    /* Shows a captcha above the button; a service that cannot be reached must not keep anybody from writing to us. */
    function ask() {
      if (puzzle || !F.captcha) return;
      puzzle = make("div", { "class": "field" }, []); button.before(puzzle);
      var script = make("script", { src: F.captcha.script + "?render=explicit", async: true });
      script.onerror = function () { unavailable = true; puzzle.remove(); };
      script.onload = function () {
        var tries = 0;
        (function render() {
          var service = window[F.captcha.object];
          if (service && service.render) { try { service.render(puzzle, { sitekey: F.captcha.key, callback: function (told) { token = told; } }); } catch (e) { unavailable = true; } }
          else if (++tries < 50) setTimeout(render, 100); else unavailable = true;
        })();
      };
      doc.head.append(script);
    }
    if (F.captcha && F.captcha.always) ask();

    function body() {
      var data = new FormData(form), files = F.fields.some(function (field) { return field.kind === "file"; });
      data.set("_sid", sid); data.set("_t", F.mark); if (F.version) data.set("_v", F.version);
      if (token) data.set(F.captcha.field, token); if (unavailable) data.set("_captcha", "unavailable");
      data.set("_attr", JSON.stringify(attribution)); data.set("_page", location.href.slice(0, 500));
      if (files) return data;
      var plain = {};
      data.forEach(function (value, name) { plain[name] = name in plain ? [].concat(plain[name], value) : value; });
      return JSON.stringify(plain);
    }
    function tell(errors) {
      F.fields.forEach(function (field) {
        var wrong = errors.filter(function (one) { return one.field === field.name; })[0], place = root.getElementById("e-" + field.name), input = root.getElementById("f-" + field.name);
        if (place) place.textContent = wrong ? wrong.message : "";
        if (input) input.setAttribute("aria-invalid", wrong ? "true" : "false");
      });
      var first = errors[0] && root.getElementById("f-" + errors[0].field);
      if (first) first.focus();
    }
    function failed() {
      notice.className = "notice";
      notice.replaceChildren(F.texts.failed + " ", make("a", { href: page, target: "_blank", rel: "noopener" }, [F.texts.open_page]));
    }
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true; notice.className = ""; notice.textContent = "";
      /* A string goes as text/plain: no preflight, so that nothing is lost to a list of origins. */
      fetch(where, { method: "POST", body: body(), headers: { Accept: "application/json" }, credentials: "omit" }).then(function (answer) {
        return answer.json();
      }).then(function (told) {
        if (told.redirect) { location.assign(told.redirect); return; }
        if (told.ok) {
          whole.replaceChildren(make("div", { role: "status", tabindex: "-1" }, [make("h2", {}, [F.texts.thanks_title]), make("p", {}, [told.message || F.texts.thanks])]));
          whole.firstChild.focus();
          host.dispatchEvent(new CustomEvent("inbox-form-sent", { bubbles: true, composed: true, detail: { id: told.id } }));
          return;
        }
        button.disabled = false;
        if (told.code === "captcha_required") { token = ""; ask(); notice.className = "notice"; notice.textContent = told.message || F.texts.captcha; return; }
        if (told.errors && told.errors[0].field) tell(told.errors); else failed();
      }).catch(function () { button.disabled = false; failed(); });
    });
  }
  show();
})();
