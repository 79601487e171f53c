/// Of the program and of everything that ships with it.
package let colloqueVersion = "0.1.0"
