export { Api } from './api';
export { CommandError } from './command-error';
export { demo } from './demo';
export { type Credentials, type Demo, demoFileIn, readDemo, writeDemo } from './demo-file';
