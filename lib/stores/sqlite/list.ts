export { conditionsOf } from '../list.js'
