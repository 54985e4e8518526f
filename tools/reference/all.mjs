// Every generated page of docs/reference; `--check` only compares.
import './configuration.mjs';
import './conformance.mjs';
import './errors.mjs';
import './messages.mjs';
import './openapi.mjs';
