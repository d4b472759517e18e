export default {
  testMatch: ['**/*.jest.js'],
  testEnvironment: './jest.environment.js',
  transform: {},
};
