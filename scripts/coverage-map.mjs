// Which files tap measures, whatever the test: the sources. (Not dist/, which is the same code once more.)
export default () => 'lib/**/*.ts'
